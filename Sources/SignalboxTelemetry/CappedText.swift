extension String {
    /// The text itself, or as much of it as fits in `bytesMax` with a `…` that says that it was cut.
    func capped(bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        let ellipsis = "…"
        var end = utf8.index(startIndex, offsetBy: max(0, bytesMax - ellipsis.utf8.count))
        // Back to where a scalar begins: half of one would become a replacement character.
        while utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(self[..<end]) + ellipsis
    }
}
