import SignalboxCore
import Testing

@Suite struct AcceptFieldTests {
    @Test func `a value in quotes loses the quotes and what escapes, and nothing else`() {
        let field = AcceptField(#"text/plain; a="one, \"two\""; b="c:\\d\e", gzip;q=0.5"#)
        #expect(field.choices.map(\.name) == ["text/plain", "gzip"])
        #expect(field.choices.first?.parameters == ["a": #"one, "two""#, "b": #"c:\de"#])
        #expect(field.choices.last?.weight == 0.5)
    }

    @Test func `one broken choice does not spoil its neighbours`() {
        #expect(AcceptField(#"a;q=2, b;x, c d, e;q=0, f;g"h;i="j""#).choices.map(\.name) == ["e"])
        #expect(AcceptField("").choices.isEmpty)
    }
}
