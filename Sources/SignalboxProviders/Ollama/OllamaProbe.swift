import SignalboxCore

/// Lists the models. A server of one's own wants no key; whether one that is sent is looked at is seen by
/// asking without it.
enum OllamaProbe {
    static func make(baseURL: String, key: Secret?) -> StagedProbe {
        let key = key.flatMap { $0.isEmpty ? nil : $0 }
        let url = baseURL + "/api/tags"
        let headers = key.map { [(name: "authorization", value: Secret("Bearer " + $0.reveal()))] } ?? []
        let models = StagedProbe.Stage(
            request: { _ in KeyProbeRequest(.get, url, headers: headers) }
        ) { tree, report in
            guard let list = tree["models"]?.elements else { return false }
            report.details.models = KeyProbing.names(list, "name")
            if key == nil { report.proof.exists = nil }
            return true
        }
        let control = StagedProbe.Stage(
            role: .control, request: { _ in KeyProbeRequest(.get, url, headers: []) })
        return StagedProbe(
            KeyVendor(name: "Ollama", failure: OllamaFailure.judge), key: key, isKeyNeeded: false,
            stages: key == nil ? [models] : [models, control])
    }
}
