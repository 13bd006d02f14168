/**
 * Portolan as a library.
 *
 * @example
 * import { scanEvent } from 'portolan';
 * const event = scanEvent.parse(JSON.parse(line));
 */
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
  scanHost,
  scanPort,
  scanTls,
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
  ScanHost,
  ScanPort,
  ScanTls,
  Service,
  Tls,
  WebEndpoint,
} from './core/events.ts';
