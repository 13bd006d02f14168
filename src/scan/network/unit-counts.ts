const zeroes = {
  hosts: 0,
  hosts_up: 0,
  ports_open: 0,
  probes_sent: 0,
  probes_answered: 0,
  probes_timed_out: 0,
  probes_retried: 0,
  local_faults: 0,
  errors: 0,
};

/** Numbers of a unit, as its `run.unit` carries them. */
export type UnitCounts = typeof zeroes;

/** Zeroes. */
export function newUnitCounts(): UnitCounts {
  return { ...zeroes };
}
