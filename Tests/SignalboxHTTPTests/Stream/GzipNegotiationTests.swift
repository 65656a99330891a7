import SignalboxHTTP
import Testing

@Suite struct GzipNegotiationTests {
    @Test(arguments: [
        "gzip", "GZIP", "x-gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.001", "*", "*;q=0.1",
        "gzip;q=0.5, identity;q=0.5", "identity;q=0, gzip;q=0.2", "deflate , gzip ; q = 1",
    ])
    func `a client that would have it gets gzip`(field: String) {
        #expect(Gzip.isPreferred(acceptEncoding: field))
    }

    @Test(arguments: [
        nil, "", "identity", "deflate, br", "gzip;q=0", "gzip;q=0.000", "x-gzip;q=0", "*;q=0", "gzip;q=0, *",
        "identity, gzip;q=0.5", "gzip;q=maybe", "not-gzip", "gzipped", "gzip;q",
    ])
    func `others do not`(field: String?) {
        #expect(!Gzip.isPreferred(acceptEncoding: field))
    }
}
