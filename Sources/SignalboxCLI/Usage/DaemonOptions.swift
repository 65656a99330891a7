import ArgumentParser
import Glibc
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP

/// How to reach the daemon that has the records.
struct DaemonOptions: ParsableArguments {
    @Option(help: "The admin listener's address. Default: what addresses.json in data_dir says.")
    var admin: String?

    @Option(help: "A PEM file of the authorities to believe, where the listener has TLS.")
    var caFile: String?

    static let tokenVariable = "SIGNALBOX_ADMIN_TOKEN"
    /// For one request: it makes up to some hundred deliveries.
    private static let limit = Duration.seconds(120)

    /// POSTs to the daemon.
    /// - Returns: its answer to what it did.
    func post(_ path: String, _ ledger: LedgerOptions) throws(CommandFailure) -> JSONTree {
        let needsConfiguration = ledger.dataDir == nil && (admin == nil || ledger.config != nil)
        let configuration = needsConfiguration ? try ConfigurationSource.load(ledger.config) : nil
        let address = try address(ledger.dataDir ?? configuration?.dataDirectory ?? "", configuration)
        let token =
            getenv(Self.tokenVariable).map { Secret(String(cString: $0)) } ?? configuration?.admin.token
        let probe = AdminProbe(address: address, token: token, authorityFile: caFile, limit: Self.limit)
        let (status, body): (Int, [UInt8])
        do throws(TransportError) {
            (status, body) = try probe.post(path)
        } catch {
            throw CommandFailure(
                message: """
                    no daemon answers at \(address): \(error). Records are delivered by a running daemon: \
                    start it with `signalbox serve`, or say with --admin where its admin listener is
                    """, status: 1)
        }
        return try Self.answer(status, body, from: address)
    }

    private static func answer(
        _ status: Int, _ body: [UInt8], from address: String
    ) throws(CommandFailure) -> JSONTree {
        if status == 401 || status == 403 {
            throw CommandFailure(
                message: "\(address) wants proof: put the admin token into \(tokenVariable), or name the "
                    + "configuration that has it with --config", status: 1)
        }
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: body)
        } catch {
            throw CommandFailure(
                message: "\(address) answers \(status) with something else than a daemon's JSON", status: 1)
        }
        guard status == 200 else {
            let message = tree["error"]?["message"]?.string ?? "it answers \(status)"
            throw CommandFailure(message: "\(address): \(message)", status: status == 400 ? 2 : 1)
        }
        return tree
    }

    private func address(
        _ directory: String, _ configuration: Configuration?
    ) throws(CommandFailure) -> String {
        if let admin { return admin }
        let path = "\(directory)/addresses.json"
        let text = try Self.content(of: path)
        let found: ListenAddress?
        do throws(JSONSyntaxError) {
            found = try JSONTree(parsing: text)["admin"]?.elements?.first?.string.flatMap {
                ListenAddress($0)
            }
        } catch {
            throw CommandFailure(message: "\(path) is damaged: \(error)", status: 1)
        }
        guard let found else { throw CommandFailure(message: "\(path) names no admin listener", status: 1) }
        let host = found.isWildcard ? (found.isIPv6 ? "[::1]" : "127.0.0.1") : nil
        let place = host.map { "\($0):\(found.port)" } ?? found.description
        return (configuration?.admin.tls == nil ? "http://" : "https://") + place
    }

    private static func content(of path: String) throws(CommandFailure) -> [UInt8] {
        guard let file = fopen(path, "r") else {
            throw CommandFailure(
                message: """
                    no daemon has run there: \(path): \(String(cString: strerror(errno))). Records are \
                    delivered by a running daemon: start it with `signalbox serve`, or say with --admin \
                    where its admin listener is
                    """, status: 1)
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }
}
