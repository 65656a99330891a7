import ArgumentParser
import SignalboxConfig

/// `signalbox check FILE`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks a configuration and prints every mistake with its place and remedy.",
        discussion:
            "Exits with 0 if there is none, else with 2. Secrets are resolved, but no provider is called.")

    @Argument(help: "The file to check; without one, what `serve` would use.")
    var file: String?

    @Flag(name: .customLong("print"), help: "Print the configuration in effect, secrets as •••.")
    var isPrinted = false

    func run() throws {
        let checked = try ConfigurationSource.load(file)
        if isPrinted {
            print(checked.describe())
            return
        }
        let providers = checked.providers.count
        let routes = checked.routes.count
        print(
            "\(file ?? "the configuration") is good: \(providers) provider\(providers == 1 ? "" : "s"), "
                + "\(routes) model\(routes == 1 ? "" : "s") to ask for")
    }
}
