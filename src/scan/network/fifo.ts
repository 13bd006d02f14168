/** A queue whose push and shift take constant time, whatever its length. */
export interface Fifo<T> {
  readonly length: number;
  push(value: T): void;
  /** The oldest value, left in place. */
  peek(): T | undefined;
  shift(): T | undefined;
}

/** Spent places in front are dropped when they are this many and more than half of the array. */
const dropAt = 1024;

/** An empty queue. */
export function fifo<T>(): Fifo<T> {
  let items: T[] = [];
  let head = 0;
  return {
    get length() {
      return items.length - head;
    },
    push(value) {
      items.push(value);
    },
    peek: () => items[head],
    shift() {
      if (head >= items.length) return undefined;
      const value = items[head];
      head += 1;
      if (head === items.length) {
        items.length = 0;
        head = 0;
      } else if (head >= dropAt && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return value;
    },
  };
}
