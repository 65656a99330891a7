import SignalboxProviders

extension Configuration {
    /// What `signalbox serve --demo` runs: `chat` asks `alpha`, which always fails, and falls back to `beta`.
    public static var demo: Configuration {
        var alpha = Provider(name: "alpha", kind: .mock, models: ["mock-unhealthy"])
        alpha.mock?.latency = .milliseconds(20)
        var beta = Provider(name: "beta", kind: .mock, models: ["mock-normal"])
        beta.mock?.latency = .milliseconds(50)
        beta.mock?.chunkInterval = .milliseconds(20)
        var gamma = Provider(name: "gamma", kind: .mock, models: ["mock-normal"])
        gamma.mock?.latency = .milliseconds(400)
        gamma.mock?.chunkInterval = .milliseconds(100)

        var configuration = Configuration()
        configuration.providers = [alpha, beta, gamma]
        let targets = configuration.providers.map { Target(provider: $0.name, models: $0.modelNames) }
        configuration.routes = [Route(model: "chat", targets: targets)]
        return configuration
    }
}
