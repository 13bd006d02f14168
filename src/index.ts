/**
 * Portolan as a library.
 *
 * @example
 * import { list, openStore, scan } from 'portolan';
 *
 * await using store = await openStore('results.db');
 * for await (const event of scan(store, { targets: ['127.0.0.1'], ports: '1-1024' })) {
 *   if (event.type === 'scan.port') console.log(event.addr, event.port);
 * }
 * for await (const port of list(store, 'ports', { state: 'open' })) console.log(port.service);
 */
export {
  events,
  exportScans,
  exportTables,
  follow,
  getScan,
  type Imported,
  importFile,
  list,
  openStore,
  query,
  type Row,
  scan,
  type Scan,
  type ScanRequest,
} from './library.ts';
export type { JobEvent, Store } from './store/store.ts';
export type { ResourceName } from './resources/resources.ts';
export { AppError, type ErrorCode } from './errors.ts';
export {
  resultRecord,
  resultSchema,
  runError,
  runFinish,
  runPhase,
  runStart,
  runUnit,
  scanBanner,
  scanEvent,
  scanFinding,
  scanHost,
  scanOs,
  scanPort,
  scanScript,
  scanTls,
  scanTrace,
  webEndpoint,
} from './core/events.ts';
export type {
  NotShown,
  RunError,
  RunFinish,
  RunPhase,
  RunStart,
  RunUnit,
  ScanBanner,
  ScanEvent,
  ScanFinding,
  ScanHost,
  ScanOs,
  ScanPort,
  ScanScript,
  ScanTls,
  ScanTrace,
  Service,
  Tls,
  WebEndpoint,
} from './core/events.ts';
