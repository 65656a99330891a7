import Glibc
internal import GRDB
import SignalboxCore

/// Brings what can be read of a damaged file into a new one.
///
///     usage.db, damaged ──copy what reads──▶ usage.db.salvage ──done──▶ usage.db.salvaged
///     usage.db ──rename──▶ usage.db.damaged-…          usage.db.salvaged ──rename──▶ usage.db
///
/// A crash before the first file has its last name begins it anew; one after that leaves a rename to be done.
struct StoreSalvage {
    struct Outcome {
        var findings: [StoreFinding]
        /// Whether everything was there after all.
        var isComplete: Bool
    }

    let files: StoreFiles
    let settings: StoreSettings
    let time: any TimeSource

    init(_ files: StoreFiles, _ settings: StoreSettings, time: any TimeSource) {
        self.files = files
        self.settings = settings
        self.time = time
    }

    func run(because words: String) throws(StoreError) -> Outcome {
        // Damaged as well, perhaps; it is made again from the log.
        try StoreFiles.remove(files.index)
        let copy = try StoreDatabase(files.salvage).open()
        var report = SalvageReport()
        do {
            try fill(copy, &report)
            guard try StoreDatabase.close(copy) else {
                throw StoreError.disk("\(files.salvage.database) could not be written wholly")
            }
        } catch {
            throw StoreError(reading: error)
        }
        let place = StoreOpening.damagedName(files.database, time)
        try StoreFiles.move(files.salvage.database, to: files.salvaged)
        try StoreFiles.move(files.log, to: place + "-wal")
        try StoreFiles.remove(files.index)
        try StoreFiles.move(files.database, to: place)
        try StoreFiles.move(files.salvaged, to: files.database)
        try files.syncDirectory()
        let aside = StoreFinding(
            kind: .setAside, message: "\(files.database) is damaged (\(words)) and was set aside as \(place)")
        return Outcome(findings: [aside] + report.findings, isComplete: report.isComplete)
    }

    private func fill(_ copy: DatabasePool, _ report: inout SalvageReport) throws {
        var configuration = Configuration()
        configuration.readonly = true
        // Without it SQLite reads nothing of a file that is shorter than its header says.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA writable_schema = ON") }
        let damaged: DatabaseQueue
        do {
            damaged = try DatabaseQueue(path: files.database, configuration: configuration)
            try damaged.read { _ = try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
        } catch is DatabaseError {
            // Not even the page that says what is where: nothing can be found in it.
            report.isUnreadable = true
            return
        }
        let writer = LedgerWriter(settings, time: time, state: try copy.read { try StoreState(reading: $0) })
        report = try damaged.unsafeRead { source in
            try copy.writeWithoutTransaction { target in
                var transfer = SalvageTransfer(from: source, to: target, writer)
                try transfer.run()
                return transfer.report
            }
        }
        try damaged.close()
    }
}

/// What was found in a damaged file, and what was missed.
struct SalvageReport {
    /// How many tenants a finding names.
    private static let namedMax = 50
    /// How many gaps of one tenant are spelled out.
    static let gapsMax = 20

    struct Tenant {
        var records = 0
        /// The last sequence that was read.
        var last: Int64 = 0
        /// Sequences that are missing between others.
        var gaps: [ClosedRange<Int64>] = []
        var missing: Int64 = 0
    }

    var isUnreadable = false
    var tenants: [String: Tenant] = [:]
    /// Places in each table that could not be read.
    var breaks: [String: Int] = [:]
    /// Rows that could be read and made no sense.
    var nonsense: [String: Int] = [:]
    var endpoints = 0
    var deliveries = 0
    /// Pending deliveries and dead letters without bytes.
    var emptied: [String] = []

    var isComplete: Bool {
        !isUnreadable && breaks.isEmpty && nonsense.isEmpty && emptied.isEmpty
    }

    mutating func add(_ sequence: Int64, of tenant: String) {
        tenants[tenant, default: Tenant()].add(sequence)
    }

    var findings: [StoreFinding] {
        if isUnreadable {
            return [
                StoreFinding(
                    kind: .lost,
                    message:
                        "nothing of it could be read: the ledger begins anew, its sequences after those of "
                        + "all times before, and what was pending will not be delivered")
            ]
        }
        let count = tenants.values.reduce(0) { $0 + $1.records }
        var findings = [
            StoreFinding(
                kind: .salvaged,
                message:
                    "\(count) records of \(tenants.count) tenants, \(endpoints) endpoints and \(deliveries) "
                    + "deliveries could be read and were kept")
        ]
        if isComplete { return findings }
        let breaks = breaks.merging(nonsense) { $0 + $1 }.sorted { $0.key < $1.key }
        let places = breaks.map { "\($0.value) in \($0.key)" }.joined(separator: ", ")
        var story = "places that could not be read: \(places.isEmpty ? "none" : places)"
        for (name, tenant) in tenants.sorted(by: { $0.key < $1.key }).prefix(Self.namedMax) {
            story += "; \(name): \(tenant.story)"
        }
        if tenants.count > Self.namedMax { story += "; and \(tenants.count - Self.namedMax) tenants more" }
        findings.append(StoreFinding(kind: .lost, message: story))
        if !emptied.isEmpty {
            let named = emptied.prefix(Self.namedMax).joined(separator: ", ")
            findings.append(
                StoreFinding(
                    kind: .lost,
                    message:
                        "\(emptied.count) deliveries lost their bytes and are dead letters; their records "
                        + "can be replayed from the ledger: \(named)"))
        }
        return findings
    }
}

extension SalvageReport.Tenant {
    fileprivate mutating func add(_ sequence: Int64) {
        if records > 0, sequence > last + 1 {
            missing += sequence - last - 1
            if gaps.count < SalvageReport.gapsMax { gaps.append(last + 1...sequence - 1) }
        }
        records += 1
        last = max(last, sequence)
    }

    fileprivate var story: String {
        var story = "\(records) records"
        if !gaps.isEmpty {
            let ranges = gaps.map {
                $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
            }
            story += ", \(missing) sequences missing between them (\(ranges.joined(separator: ", ")))"
        }
        return story + ", last \(last), later ones unknown"
    }
}
