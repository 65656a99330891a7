import ArgumentParser
import SignalboxHTTP

/// `signalbox health`
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Asks a running daemon whether it is ready; for container health checks.",
        discussion: "Exits with 0 if it is, else with 1.")

    @Option(help: "The admin listener's address.")
    var admin = "http://127.0.0.1:9464"

    func run() throws {
        let url = admin + "/readyz"
        let status: Int
        do throws(TransportError) {
            status = try HealthProbe.status(of: url, within: .seconds(2))
        } catch {
            throw CommandFailure(message: "\(url): \(error)", status: 1)
        }
        guard status == 200 else { throw CommandFailure(message: "\(url) answers \(status)", status: 1) }
        print("ready")
    }
}
