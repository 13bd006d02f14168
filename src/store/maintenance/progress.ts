/** How maintenance reports its progress, and how it is stopped. */
export interface MaintenanceOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MaintenanceProgress) => void;
}

export interface MaintenanceProgress {
  /** What is being worked on: usually a table. */
  readonly what: string;
  readonly done: number;
  /** Undefined where it is not known. */
  readonly total?: number;
}
