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
