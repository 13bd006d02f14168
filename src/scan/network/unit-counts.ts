/** Numbers of a unit, as its `run.unit` carries them. */
export interface UnitCounts {
  hosts: number;
  hosts_up: number;
  ports_open: number;
  probes_sent: number;
  probes_answered: number;
  probes_timed_out: number;
  probes_retried: number;
  local_faults: number;
  errors: number;
}

/** Zeroes. */
export function newUnitCounts(): UnitCounts {
  return {
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
}
