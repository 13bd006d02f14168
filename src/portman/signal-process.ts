import { AppError, systemCode } from '../errors.ts';

/** A process that a signal can be sent to. */
interface ProcessHandle extends Disposable {
  /**
   * Sends a signal to this process, never to another.
   *
   * @returns false where the process is gone
   * @throws AppError PROCESS_KILL_ERROR where the system refuses
   */
  send(signal: 'SIGTERM' | 'SIGKILL'): boolean;
}

const signalNumbers = { SIGTERM: 15, SIGKILL: 9 } as const;
/** Numbers of system calls that are the same on every architecture of Linux. */
const calls = { pidfdSendSignal: 424, pidfdOpen: 434 } as const;
const noSuchProcess = 3;

/**
 * Holds a process before it is checked to be the right one. On Linux the handle is a pidfd
 * (pidfd_open(2)): a signal sent after the check cannot hit another process that got its pid in
 * between. Elsewhere the pid has to do.
 */
export async function openProcess(pid: number): Promise<ProcessHandle | undefined> {
  if (process.platform === 'linux') {
    const handle = await openPidfd(pid);
    if (handle !== 'unsupported') return handle;
  }
  return { send: (signal) => sendByPid(pid, signal), [Symbol.dispose]: () => undefined };
}

async function openPidfd(pid: number): Promise<ProcessHandle | undefined | 'unsupported'> {
  let libc;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    libc = {
      koffi,
      syscall: library.func('long syscall(long number, ...)'),
      close: library.func('int close(int fd)'),
    };
  } catch {
    // koffi has no binary for this processor.
    return 'unsupported';
  }
  const { koffi, syscall, close } = libc;
  const fd = Number(syscall(calls.pidfdOpen, 'long', pid, 'long', 0));
  if (fd < 0) return koffi.errno() === noSuchProcess ? undefined : 'unsupported';
  return {
    send(signal) {
      const number = signalNumbers[signal];
      const arguments_ = ['long', fd, 'long', number, 'long', 0, 'long', 0] as const;
      if (Number(syscall(calls.pidfdSendSignal, ...arguments_)) === 0) return true;
      const errno = koffi.errno();
      if (errno === noSuchProcess) return false;
      throw refused(pid, `errno ${errno}`);
    },
    [Symbol.dispose]: () => void close(fd),
  };
}

function sendByPid(pid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
    throw refused(pid, systemCode(error) ?? String(error), error);
  }
}

function refused(pid: number, reason: string, cause?: unknown): AppError {
  return new AppError(
    'PROCESS_KILL_ERROR',
    `process ${pid} cannot be signalled (${reason}): it is another user's, or the system protects it`,
    { cause, details: { pid } },
  );
}
