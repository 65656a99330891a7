internal import GRDB

/// What is in the file, version by version: a migration that has been released never changes.
enum StoreSchema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1", foreignKeyChecks: .immediate) { try $0.execute(sql: first) }
        return migrator
    }()

    private static let first = """
        -- Facts about the file itself.
        CREATE TABLE fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        -- Names that many records share: providers, models, keys, currencies.
        CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

        -- `last` is the last sequence that a record of the tenant was given.
        CREATE TABLE tenant (
            number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last INTEGER NOT NULL) STRICT;

        -- The ledger. `at` is microseconds since 1970; names are numbers of `name`. A cost in nano-units is
        -- cost_high * 2^64 + cost_middle * 2^32 + cost_low, so that sums of a page stay in 64 bits.
        CREATE TABLE record (
            number INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, sequence INTEGER NOT NULL,
            at INTEGER NOT NULL, provider INTEGER NOT NULL, model INTEGER NOT NULL, key INTEGER NOT NULL,
            tenant_key INTEGER, outcome INTEGER NOT NULL,
            prompt INTEGER NOT NULL, completion INTEGER NOT NULL, cached INTEGER NOT NULL,
            cache_write INTEGER NOT NULL, reasoning INTEGER NOT NULL,
            currency INTEGER, cost_high INTEGER, cost_middle INTEGER, cost_low INTEGER,
            json BLOB NOT NULL) STRICT;
        CREATE UNIQUE INDEX record_sequence ON record (tenant, sequence);
        CREATE INDEX record_time ON record (at);

        -- `cursor` is the last sequence that was frozen into a delivery; `gone` is when the configuration
        -- left the endpoint out.
        CREATE TABLE endpoint (
            number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tenant INTEGER NOT NULL,
            cursor INTEGER NOT NULL, disabled TEXT, gone INTEGER) STRICT;

        -- `at` is when to try next, or when it ended; `oldest` is the time of its oldest record. States are
        -- those of Delivery.State.
        CREATE TABLE delivery (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, endpoint INTEGER NOT NULL,
            first INTEGER NOT NULL, last INTEGER NOT NULL, records INTEGER NOT NULL, bytes INTEGER NOT NULL,
            note TEXT NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, created INTEGER NOT NULL,
            at INTEGER NOT NULL, oldest INTEGER NOT NULL, error TEXT, origin TEXT) STRICT;
        CREATE INDEX delivery_pending ON delivery (endpoint, number) WHERE state = 0;
        CREATE INDEX delivery_oldest ON delivery (endpoint, oldest) WHERE state = 0;
        CREATE INDEX delivery_due ON delivery (at) WHERE state = 0;
        CREATE INDEX delivery_dead ON delivery (endpoint, number) WHERE state = 1;
        CREATE INDEX delivery_ended ON delivery (at) WHERE state > 0;

        -- Apart, so that a delivery's row stays small when its bytes have gone.
        CREATE TABLE body (delivery INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

        -- What records that were purged had cost, so that a budget's period stays whole.
        CREATE TABLE purged (
            day INTEGER NOT NULL, tenant INTEGER NOT NULL, tenant_key INTEGER NOT NULL,
            currency INTEGER NOT NULL, records INTEGER NOT NULL, tokens INTEGER NOT NULL,
            cost_high INTEGER NOT NULL, cost_middle INTEGER NOT NULL, cost_low INTEGER NOT NULL,
            PRIMARY KEY (day, tenant, tenant_key, currency)) STRICT, WITHOUT ROWID;
        """
}
