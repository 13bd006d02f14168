-- Where scans come from, and what scans of schedules are.

-- target, profile, schedule: the names that a scan was made by, kept when those are removed.
ALTER TABLE scan_jobs ADD COLUMN target TEXT;
ALTER TABLE scan_jobs ADD COLUMN profile TEXT;
ALTER TABLE scan_jobs ADD COLUMN schedule TEXT;

-- worker_label: its scans are left to workers with that label.
ALTER TABLE schedules ADD COLUMN scan_type TEXT NOT NULL DEFAULT 'network'
  CHECK (scan_type IN ('network', 'discovery'));
ALTER TABLE schedules ADD COLUMN worker_label TEXT;
