import { expect, test } from 'vitest';
import { assertTransition, canTransition, jobStates, statesBefore } from './job-states.ts';

test('a finished scan stays finished, a stopped one can be resumed', () => {
  expect(jobStates.filter((to) => canTransition('completed', to))).toEqual([]);
  for (const from of ['cancelled', 'failed', 'crashed'] as const) {
    expect(canTransition(from, 'pending')).toBe(true);
    expect(canTransition(from, 'completed')).toBe(false);
  }
});

test('only a running scan crashes or completes', () => {
  expect(statesBefore('completed')).toEqual(['running']);
  expect(statesBefore('crashed')).toEqual(['running', 'paused']);
});

test('an illegal transition names both states and what is possible', () => {
  expect(() => assertTransition('completed', 'running')).toThrow(
    /completed scan cannot become running.*it is final/,
  );
  expect(() => assertTransition('pending', 'paused')).toThrow(/running, cancelled, failed/);
  expect(() => assertTransition('paused', 'paused')).toThrow('the scan is already paused');
});
