/** Reports progress and stops maintenance. */
export interface MaintenanceOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MaintenanceProgress) => void;
}

export interface MaintenanceProgress {
  /** The current item, usually a table. */
  readonly what: string;
  readonly done: number;
  /** Undefined if unknown. */
  readonly total?: number;
}
