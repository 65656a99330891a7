/// What a client proves itself with: the field `Authorization` (RFC 9110, section 11.6.2).
package enum AuthorizationField: Equatable {
    /// A token (RFC 6750).
    case bearer(Substring)
    /// Name, colon and password in Base64 (RFC 7617), as it came.
    case basic(Substring)

    /// Nil without a field, and for any other scheme or one without credentials.
    package init?(_ value: String?) {
        guard let value, let space = value.firstIndex(of: " ") else { return nil }
        let credentials = value[space...].drop { $0 == " " }
        guard !credentials.isEmpty else { return nil }
        switch value[..<space].lowercased() {
        case "bearer": self = .bearer(credentials)
        case "basic": self = .basic(credentials)
        default: return nil
        }
    }
}
