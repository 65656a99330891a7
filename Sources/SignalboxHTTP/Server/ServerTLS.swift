import CMicrohttpd
public import SignalboxCore

/// The certificate by which a server proves itself over TLS, and the key that belongs to it.
///
/// libmicrohttpd reads both once, when the server starts: a renewed certificate needs a restart.
public struct ServerTLS: Sendable {
    /// PEM: the server's own certificate first, then those that lead to an authority.
    public var certificate: String
    /// PEM, without a password.
    public var key: Secret

    public init(certificate: String, key: Secret) {
        self.certificate = certificate
        self.key = key
    }

    /// Whether GnuTLS reads both, and the key is the certificate's.
    var isUsable: Bool {
        guard MHD_is_feature_supported(.FEATURE_SSL) == .YES else { return false }
        do throws(SystemError) {
            let trial = try MicrohttpdDaemon(
                context: nil, connectionsMax: 1, connectionMemory: 4096, tls: self)
            return withExtendedLifetime(trial) { true }
        } catch {
            return false
        }
    }

    static let flaw = "TLS cannot be had with this certificate and key: they must be PEM, and belong together"
}
