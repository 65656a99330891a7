/// Columns for a terminal, two spaces apart.
struct TextTable {
    let head: [String]
    /// Each as long as the head.
    let rows: [[String]]
    /// From this column on cells stand at the right edge.
    let firstNumber: Int

    /// With a line end after each line.
    var text: String {
        let all = ([head] + rows).map { $0.map(Self.printable) }
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { column in
                Self.pad(row[column], to: widths[column], isNumber: column >= firstNumber)
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// Cells may be what strangers have said: nothing in them moves the cursor or starts a line.
    private static func printable(_ text: String) -> String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool {
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        }
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
    }

    private static func pad(_ text: String, to width: Int, isNumber: Bool) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return isNumber ? space + text : text + space
    }
}
