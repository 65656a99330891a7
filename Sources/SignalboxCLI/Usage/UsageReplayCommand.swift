import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxStore

/// `signalbox usage replay`
struct UsageReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Has a running daemon deliver records again.",
        discussion: """
            Give one of: --dead-letter, --endpoint for all of its dead letters, --tenant with --first and \
            --last, or with --from and --to. Records keep their ids: a receiver that has one already counts \
            it once.
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var daemon: DaemonOptions

    @Option(help: "The id of one delivery that was given up.")
    var deadLetter: String?

    @Option(help: "A webhook all of whose dead letters are meant: a tenant's id, or operator.")
    var endpoint: String?

    @Option(help: "A tenant whose records are meant.")
    var tenant: String?

    @Option(help: "The sequence of the first record.")
    var first: Int64?

    @Option(help: "The sequence of the last record. Default: the last there is.")
    var last: Int64?

    @Option(help: "Records from then on: a day in UTC, or a time as in RFC 3339.")
    var from: String?

    @Option(help: "Records before then.")
    var to: String?

    @Flag(help: "Print the deliveries, as JSON lines.")
    var json = false

    func validate() throws {
        guard [deadLetter, endpoint, tenant].compactMap({ $0 }).count == 1 else {
            throw ValidationError("Give one of --dead-letter, --endpoint and --tenant.")
        }
    }

    private var parameters: [(name: String, value: String)] {
        let all = [
            ("dead_letter", deadLetter), ("endpoint", endpoint), ("tenant", tenant),
            ("first", first.map { String($0) }), ("last", last.map { String($0) }), ("from", from),
            ("to", to),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    func run() throws {
        var (deliveries, records) = (0, 0)
        var next = parameters
        while !next.isEmpty {
            let answer = try daemon.post("/admin/usage/replay?" + QueryText.print(next), ledger)
            let made = answer["deliveries"]?.elements ?? []
            deliveries += made.count
            records += answer["records"]?.integer ?? 0
            if json { print(made.map { $0.text + "\n" }.joined(), terminator: "") }
            next = (answer["next"]?.members ?? []).map { ($0.name, $0.value.string ?? "") }
        }
        let count = "\(deliveries) deliver\(deliveries == 1 ? "y" : "ies")"
        let told = "\(count) of \(records) record\(records == 1 ? "" : "s") pending again\n"
        if json { StandardError.write(told) } else { print(told, terminator: "") }
    }
}

/// `signalbox usage enable`
struct UsageEnableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Has a running daemon send to a webhook again that was disabled.")

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var daemon: DaemonOptions

    @Option(help: "Whose webhook.")
    var tenant: String

    func run() throws {
        let answer = try daemon.post(
            "/admin/webhooks/enable?" + QueryText.print([("tenant", tenant)]), ledger)
        let wasDisabled = answer["was_disabled"]?.bool ?? false
        let pending = answer["pending"]?.integer ?? 0
        print(
            "\(tenant) \(wasDisabled ? "is enabled again" : "was not disabled"); \(pending) records pending")
    }
}

/// A query string, percent-encoded (RFC 3986).
enum QueryText {
    static func print(_ parameters: [(name: String, value: String)]) -> String {
        parameters.map { "\($0.name)=\(encode($0.value))" }.joined(separator: "&")
    }

    private static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
