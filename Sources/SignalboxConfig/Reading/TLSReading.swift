import SignalboxCore

extension ConfigurationReading {
    /// Of either listener.
    func tls(_ field: Field) -> Configuration.TLS? {
        guard let section = Section(field, .tls) else { return nil }
        let certificate = section.required("certificate", remedy: "name a PEM file").flatMap {
            pem($0, holding: "CERTIFICATE-----", called: "certificate")
        }
        let key = section.required("key", remedy: "name a PEM file").flatMap {
            pem($0, holding: "PRIVATE KEY-----", called: "private key")
        }
        guard let certificate, let key else { return nil }
        return Configuration.TLS(
            certificateFile: certificate.path, certificate: certificate.text, keyFile: key.path,
            key: Secret(key.text))
    }

    /// The path and the content of a PEM file. Nothing of the content is ever repeated: it may be a key.
    private func pem(_ field: Field, holding label: String, called noun: String) -> (
        path: String, text: String
    )? {
        guard let path = field.name(bytesMax: 4_096) else { return nil }
        do {
            let text = String(decoding: try secrets.read(path, Self.pemBytesMax), as: UTF8.self)
            if text.contains("-----BEGIN "), text.contains(label) { return (path, text) }
            field.refuse("the file \(Spelling.quoted(path)) holds no \(noun)", "name a PEM file")
        } catch {
            field.refuse("the file \(Spelling.quoted(path)) \(error.problem)")
        }
        return nil
    }

    private static let pemBytesMax = 1 << 20
}
