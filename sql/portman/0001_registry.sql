-- The registry of local ports. Names and shapes are those of the Port Keeper document, so that its
-- queries run here; times are ISO 8601 in UTC, as its table of fields says.

CREATE TABLE ports (
    number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 65535),
    projectName TEXT NOT NULL,
    description TEXT,
    status TEXT NOT NULL CHECK (status IN ('reserved', 'in-use', 'free')),
    pid INTEGER,
    processName TEXT,
    reservedAt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    lastSeenAt TEXT,
    updatedAt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    autoRelease BOOLEAN DEFAULT 0 CHECK (autoRelease IN (0, 1)),
    tags TEXT CHECK (tags IS NULL OR (json_valid(tags) AND json_type(tags) = 'array')),
    metadata TEXT CHECK (metadata IS NULL OR (json_valid(metadata) AND json_type(metadata) = 'object'))
);

CREATE INDEX idx_ports_status ON ports(status);
CREATE INDEX idx_ports_project ON ports(projectName);
CREATE INDEX idx_ports_reserved_at ON ports(reservedAt);
CREATE INDEX idx_ports_tags ON ports(tags);

-- The process that holds the reservation, distinguishable from a later one with the same pid.
CREATE TABLE port_owners (
    port INTEGER PRIMARY KEY REFERENCES ports(number) ON DELETE CASCADE ON UPDATE CASCADE,
    pid INTEGER NOT NULL,
    startTime TEXT NOT NULL,
    bootId TEXT NOT NULL,
    uid INTEGER,
    since TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- No foreign key to ports, because history outlives them.
CREATE TABLE port_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    action TEXT NOT NULL CHECK (action IN ('reserved', 'released', 'in-use', 'killed')),
    projectName TEXT,
    description TEXT,
    performedBy TEXT,
    performedAt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    details TEXT
);

CREATE INDEX idx_history_port ON port_history(port);
CREATE INDEX idx_history_action ON port_history(action);
CREATE INDEX idx_history_date ON port_history(performedAt);

-- One process may listen on several addresses and protocols of a port; pid 0 is a hidden process.
CREATE TABLE active_scans (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    pid INTEGER NOT NULL DEFAULT 0,
    processName TEXT,
    state TEXT,
    address TEXT NOT NULL DEFAULT '',
    protocol TEXT NOT NULL DEFAULT 'tcp',
    scannedAt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    UNIQUE (protocol, address, port, pid)
);

CREATE INDEX idx_scans_port ON active_scans(port);
CREATE INDEX idx_scans_pid ON active_scans(pid);
CREATE INDEX idx_scans_date ON active_scans(scannedAt);

CREATE TABLE configurations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT,
    data TEXT NOT NULL,
    version TEXT NOT NULL,
    createdAt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    createdBy TEXT,
    checksum TEXT
);

CREATE INDEX idx_config_name ON configurations(name);
CREATE INDEX idx_config_created ON configurations(createdAt);

-- An update that sets updatedAt explicitly, as an import does, keeps its value.
CREATE TRIGGER update_ports_timestamp
AFTER UPDATE ON ports
WHEN NEW.updatedAt IS OLD.updatedAt
BEGIN
    UPDATE ports
    SET updatedAt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE number = NEW.number;
END;

CREATE TRIGGER track_port_inserts
AFTER INSERT ON ports
WHEN NEW.status != 'free'
BEGIN
    INSERT INTO port_history (port, action, projectName, description)
    VALUES (NEW.number, NEW.status, NEW.projectName, NEW.description);
END;

CREATE TRIGGER track_port_changes
AFTER UPDATE ON ports
WHEN OLD.status != NEW.status OR OLD.projectName != NEW.projectName
BEGIN
    INSERT INTO port_history (port, action, projectName, description)
    VALUES (
        NEW.number,
        CASE
            WHEN NEW.status = 'reserved' THEN 'reserved'
            WHEN NEW.status = 'in-use' THEN 'in-use'
            WHEN NEW.status = 'free' THEN 'released'
        END,
        NEW.projectName,
        NEW.description
    );
END;

CREATE TRIGGER track_port_deletes
AFTER DELETE ON ports
WHEN OLD.status != 'free'
BEGIN
    INSERT INTO port_history (port, action, projectName, description)
    VALUES (OLD.number, 'released', OLD.projectName, OLD.description);
END;

CREATE VIEW v_port_summary AS
SELECT
    COUNT(CASE WHEN status = 'reserved' THEN 1 END) AS reserved_count,
    COUNT(CASE WHEN status = 'in-use' THEN 1 END) AS in_use_count,
    COUNT(CASE WHEN status = 'free' THEN 1 END) AS free_count,
    COUNT(*) AS total_count
FROM ports;

CREATE VIEW v_project_ports AS
SELECT
    projectName,
    GROUP_CONCAT(number) AS ports,
    COUNT(*) AS port_count,
    SUM(CASE WHEN status = 'in-use' THEN 1 ELSE 0 END) AS active_count
FROM ports
WHERE status != 'free'
GROUP BY projectName;
