import SignalboxCore

/// Writes JSON for people and scripts that administer: rare and small, so readable rather than fast.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func object(_ write: (inout JSONWriter) -> Void) {
        open("{")
        write(&self)
        close("}")
    }

    mutating func list<Item>(_ items: [Item], _ write: (Item, inout JSONWriter) -> Void) {
        open("[")
        for item in items { write(item, &self) }
        close("]")
    }

    mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func string(_ text: String) {
        separate()
        JSONText.append(text, to: &bytes)
        needsComma = true
    }

    /// A number under its name; nothing where there is none.
    mutating func int(_ name: String, _ value: Int?) {
        guard let value else { return }
        key(name)
        JSONText.append(value, to: &bytes)
        needsComma = true
    }

    mutating func names(_ name: String, _ names: [String]) {
        key(name)
        list(names) { name, writer in writer.string(name) }
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }
}
