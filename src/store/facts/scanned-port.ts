import { recordOf } from '../../core/record-of.ts';
import { serviceDetails } from '../../core/service-details.ts';
import type { PortState, Reason } from '../../core/states.ts';
import { sql } from '../sql.ts';
import { double, ofPort, optional, text, time, word } from './columns.ts';

const details = recordOf(serviceDetails, () => optional(text));

/**
 * Ports as scans saw them with their service details: rows of `port_scans` and `services`, written
 * by the port writers.
 */
export const scannedPorts = {
  table: 'port_scans',
  columns: {
    ...ofPort,
    state: word<PortState>(),
    reason: optional(word<Reason>()),
    service: optional(text),
    confidence: optional(double),
    method: optional(text),
    first_seen: time,
    last_seen: time,
    ...details,
  },
  key: ['addr', 'transport', 'port'],
  joined: {
    table: 's',
    fields: serviceDetails,
    join: sql`LEFT JOIN services s ON s.job_id = f.job_id AND s.host_id = f.host_id
      AND s.transport = f.transport AND s.port = f.port`,
  },
};

/** Services with more than a name. */
export const services = {
  table: 'services',
  columns: { ...ofPort, ...details },
  key: ['addr', 'transport', 'port'],
};
