import { AppError } from '../../errors.ts';

/**
 * The calls of Linux's C library that the epoll engine makes. Addresses are passed as numbers:
 * the caller must keep the memory behind them referenced, or it is collected while the kernel
 * uses it. Each returns -1 where it failed; `errno()` then says why.
 */
export interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly connect: (descriptor: number, address: number, length: number) => number;
  readonly bind: (descriptor: number, address: number, length: number) => number;
  readonly close: (descriptor: number) => number;
  readonly getsockname: (descriptor: number, address: number, length: number) => number;
  readonly getsockopt: (
    descriptor: number,
    level: number,
    name: number,
    value: number,
    length: number,
  ) => number;
  readonly epollCreate: (flags: number) => number;
  readonly epollControl: (
    epoll: number,
    operation: number,
    descriptor: number,
    event: number,
  ) => number;
  readonly epollWait: (epoll: number, events: number, count: number, timeoutMs: number) => number;
  readonly errno: () => number;
  /** errno numbers by name. */
  readonly errnos: Readonly<Record<string, number>>;
  /** Where a block of memory starts. */
  readonly addressOf: (memory: Uint8Array) => number;
}

/**
 * Loads koffi and the C library. Takes about 20 ms, so only a scan does it.
 *
 * @throws AppError UNSUPPORTED off Linux, or where koffi or the C library does not load
 */
export async function loadLibc(): Promise<Libc> {
  if (process.platform !== 'linux') {
    throw new AppError('UNSUPPORTED', `the epoll engine needs Linux, not ${process.platform}`);
  }
  try {
    const { default: koffi } = await import('koffi');
    const library = openLibrary(koffi.load);
    return {
      socket: library.func('int socket(int, int, int)'),
      connect: library.func('int connect(int, int64_t, uint32_t)'),
      bind: library.func('int bind(int, int64_t, uint32_t)'),
      close: library.func('int close(int)'),
      getsockname: library.func('int getsockname(int, int64_t, int64_t)'),
      getsockopt: library.func('int getsockopt(int, int, int, int64_t, int64_t)'),
      epollCreate: library.func('int epoll_create1(int)'),
      epollControl: library.func('int epoll_ctl(int, int, int, int64_t)'),
      epollWait: library.func('int epoll_wait(int, int64_t, int, int)'),
      errno: () => koffi.errno(),
      errnos: koffi.os.errno,
      addressOf: (memory) => Number(koffi.address(memory)),
    };
  } catch (cause) {
    throw new AppError(
      'UNSUPPORTED',
      'the epoll engine needs koffi and the C library, and they do not load; ' +
        'use the engine "sockets"',
      { cause },
    );
  }
}

/** glibc's name first, then musl's. */
function openLibrary<T>(load: (path: string) => T): T {
  try {
    return load('libc.so.6');
  } catch {
    return load(`libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`);
  }
}
