import ArgumentParser

@main
struct SignalboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signalbox",
        abstract: "Routes LLM requests to providers that fail, and tells the truth about every one.")
}
