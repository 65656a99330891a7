import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct TenantKeyTests {
    @Test(
        arguments: [(0, 1, "t-1"), (1, 0, "u-0"), (0, 2, nil), (2, 0, nil), (0, nil, nil)]
            as [(Int, Int?, String?)])
    func `a request knows the alias of the key that it came with`(tenant: Int, key: Int?, alias: String?)
        throws
    {
        let test = try TestRouter(models: ["mock-normal"]) { configuration in
            configuration.tenants = [("t", 2), ("u", 1)].map { id, count in
                Configuration.Tenant(
                    id: id,
                    keys: (0..<count).map {
                        Configuration.Key(alias: "\(id)-\($0)", secret: Secret("\(id)\($0)"))
                    })
            }
        }
        let body = Array(#"{"model":"chat","messages":[{"role":"user","content":"x"}]}"#.utf8)
        let call = ChatCall(
            body: body, fields: try JSONFields(scanning: body), model: "chat", isStreaming: false)
        let (router, loop) = (test.router, test.group.loops[0])
        let found = try loop.run {
            let routed = router.begin(
                call, tenant: tenant, tenantKey: key, requestID: "r", receivedAt: loop.now(), on: loop)
            routed?.end(.cancelled, status: 499)
            return routed?.tenantKey
        }
        #expect(found == alias)
    }
}
