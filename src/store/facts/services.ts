import { serviceDetails } from '../../core/service-details.ts';
import { identifier, join, type Sql, sql } from '../sql.ts';

/** The columns of `services`, called `s`. */
export const selectServiceDetails: Sql = join(
  serviceDetails.map((detail) => identifier(`s.${detail}`)),
);

/** Joins what one scan knows about the services of `port_scans`, called `p`. */
export const joinServices: Sql = sql`LEFT JOIN services s ON s.job_id = p.job_id
  AND s.host_id = p.host_id AND s.transport = p.transport AND s.port = p.port`;
