import SignalboxCore

/// Judges a key by listing the models, beside the native API, where its compatible one lists them. Whether
/// they are listed to everybody is not known, so it is seen by asking without the key. (`tokenize` might cost
/// something.)
enum YandexGPTProbe {
    static func make(
        baseURL: String, folder: String, key: Secret?, authentication: YandexGPTAuthentication?
    ) -> StagedProbe {
        let url = url(besides: baseURL)
        let own = [(name: "openai-project", value: Secret(folder))]
        let key = key ?? Secret("")
        let header = (authentication ?? YandexGPTAuthentication(of: key)).header(key)
        let models = StagedProbe.Stage(
            request: { _ in
                KeyProbeRequest(.get, url, headers: own + [(name: "authorization", value: header)])
            }
        ) { tree, report in
            guard let list = tree["data"]?.elements else { return false }
            report.details.models = KeyProbing.names(list, "id")
            return true
        }
        let control = StagedProbe.Stage(
            role: .control, request: { _ in KeyProbeRequest(.get, url, headers: own) })
        return StagedProbe(
            KeyVendor(name: "YandexGPT", failure: YandexGPTFailure.judge), key: key,
            stages: [models, control])
    }

    private static func url(besides baseURL: String) -> String {
        let native = "/foundationModels/v1"
        let origin = baseURL.hasSuffix(native) ? String(baseURL.dropLast(native.count)) : baseURL
        let host = "https://llm.api.cloud.yandex.net"
        return (origin == host ? "https://ai.api.cloud.yandex.net" : origin) + "/v1/models"
    }
}
