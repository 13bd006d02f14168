import type { Resource } from './resource.ts';

/** An entry in the list of resources. Its file is loaded on first use. */
interface ResourceEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Resource>;
}

const entries = [
  {
    name: 'scans',
    summary: 'list scans',
    load: async () => (await import('./scans.ts')).scans,
  },
  {
    name: 'workers',
    summary: 'list workers and what they are running',
    load: async () => (await import('./workers.ts')).workers,
  },
  {
    name: 'hosts',
    summary: 'list hosts',
    load: async () => (await import('./hosts.ts')).hosts,
  },
  {
    name: 'ports',
    summary: 'list ports and services',
    load: async () => (await import('./ports.ts')).ports,
  },
  {
    name: 'web',
    summary: 'list web pages',
    load: async () => (await import('./web.ts')).web,
  },
  {
    name: 'certs',
    summary: 'list certificates',
    load: async () => (await import('./certificates.ts')).certificates,
  },
  {
    name: 'findings',
    summary: 'list findings of vulnerability checks',
    load: async () => (await import('./findings.ts')).findings,
  },
  {
    name: 'errors',
    summary: 'list errors of scans',
    load: async () => (await import('./errors.ts')).errors,
  },
  {
    name: 'targets',
    summary: 'list targets',
    load: async () => (await import('./targets.ts')).targets,
  },
  {
    name: 'exclusions',
    summary: 'list what is never scanned',
    load: async () => (await import('./exclusions.ts')).exclusions,
  },
  {
    name: 'profiles',
    summary: 'list profiles',
    load: async () => (await import('./profiles.ts')).profiles,
  },
  {
    name: 'schedules',
    summary: 'list schedules',
    load: async () => (await import('./schedules.ts')).schedules,
  },
  {
    name: 'audit',
    summary: 'list changes',
    load: async () => (await import('./audit.ts')).audit,
  },
] as const satisfies readonly ResourceEntry[];

/** All resources. */
export const resources: readonly ResourceEntry[] = entries;

type Entry = (typeof entries)[number];

export type ResourceName = Entry['name'];

/** The resource with this name. */
export type ResourceNamed<Name extends ResourceName> = Awaited<
  ReturnType<Extract<Entry, { readonly name: Name }>['load']>
>;
