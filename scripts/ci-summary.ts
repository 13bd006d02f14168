/** Prints `N passed, N failed, N skipped` from the test runner's report; fails unless every test ran. */
import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
}

const report = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Report;
const skipped = report.numPendingTests + report.numTodoTests;
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`);
if (!report.success || skipped > 0 || report.numPassedTests === 0) process.exitCode = 1;
