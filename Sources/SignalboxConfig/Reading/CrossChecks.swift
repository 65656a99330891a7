import SignalboxCore
import Yams

/// What only shows when two sections are seen together.
extension ConfigurationReading {
    /// Nobody gets to serve the network by accident, and nobody gets to administer over it without a token.
    func checkExposure() {
        let server = configuration.server
        if !listsTenants, !server.allowsAnonymous,
            let place = server.listen.firstIndex(where: { !$0.isLoopback })
        {
            listenField(of: serverSection, at: place)?.refuse(
                "anyone who reaches \(server.listen[place]) could call, as there are no tenants",
                "add tenants, or set allow_anonymous: true")
        }
        if !configuration.admin.listen.isLoopback, adminSection?["token"] == nil,
            adminSection?["basic_auth"] == nil
        {
            listenField(of: adminSection, at: 0)?.refuse(
                "anyone who reaches \(configuration.admin.listen) could administer, as there is no token",
                "add token: env:NAME")
        }
    }

    func checkAddresses() {
        let server = configuration.server.listen
        for (place, address) in server.enumerated() {
            if server[..<place].contains(where: address.collides) {
                listenField(of: serverSection, at: place)?.refuse(
                    "\(address) is listened on already", "remove one")
            }
            if address.collides(with: configuration.admin.listen) {
                let field = listenField(of: adminSection, at: 0) ?? listenField(of: serverSection, at: place)
                field?.refuse(
                    "server and admin cannot both listen on \(configuration.admin.listen)", "change one port")
            }
        }
    }

    /// A key says who calls: it cannot stand for two.
    func checkSharedSecrets() {
        var owners: [Secret: Field] = [:]
        let admin = configuration.admin
        if let token = admin.token { owners[token] = adminSection?["token"] }
        if let password = admin.basicAuth?.password { owners[password] = adminSection?["basic_auth"] }
        for entry in clientKeys {
            if let owner = owners[entry.key.secret] {
                entry.field.refuse("is the same secret as \(owner.path)", "give each tenant keys of its own")
            } else {
                owners[entry.key.secret] = entry.field
            }
        }
    }

    /// Whether the file lists tenants, even wrong ones.
    private var listsTenants: Bool {
        guard case .list(let nodes) = root["tenants"]?.shape else { return false }
        return !nodes.isEmpty
    }

    /// Where the address stands that was read in that place; nil if it is the default.
    private func listenField(of section: Section?, at place: Int) -> Field? {
        guard let field = section?["listen"] else { return nil }
        guard case .list(let nodes) = field.shape, place < nodes.count else { return field }
        return field.child(nodes[place], "[\(place)]")
    }
}
