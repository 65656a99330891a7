import ArgumentParser
import SignalboxConfig
import SignalboxCore
import SignalboxDemo

/// What `serve --demo` plays.
struct DemoOptions: ParsableArguments {
    @Flag(
        help: """
            A working day in minutes, over and over: three vendors that degrade, limit and break off, keys \
            that expire and run out of credit, a receiver of bills that fails, and the callers. Every panel \
            and alert has something to show.
            """)
    var traffic = false

    @Option(help: "How long that day is, from 1m to 24h (default: 6m).", transform: length)
    var day: Duration?

    @Option(help: "What chance draws that day from (default: 1).")
    var seed: UInt64?

    /// Whether there is anything of it on the command line.
    var isUsed: Bool { traffic || day != nil || seed != nil }

    func validate() throws {
        if !traffic && isUsed { throw ValidationError("--day and --seed go with --traffic.") }
    }

    /// A day that is about to begin.
    struct Show {
        let stage: DemoStage
        let configuration: Configuration

        func greet(_ admin: ListenAddress) {
            StandardError.write(
                """

                A day of three vendors and their callers is being played. Watch it:

                  curl -s http://\(admin)/metrics | grep ^llm_
                  signalbox status --watch --admin http://\(admin)

                and `make observe` puts Prometheus, Alertmanager and the alerts beside it.

                """)
        }
    }

    /// The vendors are there when it returns; nil where no day is played.
    func show() async throws -> Show? {
        guard traffic else { return nil }
        let day = DemoDay(length: day ?? .seconds(360), seed: seed ?? 1)
        do {
            let stage = try DemoStage(day)
            try await stage.open()
            return Show(stage: stage, configuration: try day.configuration(vendors: stage.address))
        } catch {
            throw CommandFailure(message: "\(error)", status: 1)
        }
    }

    private static func length(_ text: String) throws -> Duration {
        guard let length = DurationText.parse(text), DemoDay.lengthAllowed.contains(length) else {
            throw ValidationError("\(text) is no length of a day from 1m to 24h, such as 6m.")
        }
        return length
    }
}
