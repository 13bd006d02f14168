import type { HttpResponse } from './http-message.ts';
export function technologiesOf(_response: HttpResponse, _html: string): string[] {
  return [];
}
