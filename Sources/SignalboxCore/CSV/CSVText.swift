/// Rows of comma-separated values as RFC 4180 writes them: fields in quotes where they need them, CRLF at the
/// end of a row.
package enum CSVText {
    package static func append(row: [String], to bytes: inout [UInt8]) {
        for (index, field) in row.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(field, to: &bytes)
        }
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    package static func append(_ field: String, to bytes: inout [UInt8]) {
        guard field.utf8.contains(where: needsQuotes) else { return bytes.append(contentsOf: field.utf8) }
        bytes.append(UInt8(ascii: "\""))
        for byte in field.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The same text, harmless to a program of tables: one that begins like a formula gets an apostrophe in
    /// front (OWASP, CSV Injection). For texts that strangers choose.
    package static func disarmed(_ text: String) -> String {
        switch text.utf8.first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0D:
            "'" + text
        default: text
        }
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
    }
}
