import SignalboxCore

/// Parts of a message that are not text, as Gemini's `inlineData` and `fileData`.
enum GeminiMedia {
    /// Nil for what is left out because it cannot be expressed.
    static func part(
        _ part: Conversation.Part, at path: String, _ unsupported: Unsupported
    ) throws(UpstreamFailure) -> JSONTree? {
        switch part {
        case .text(let text): return .object(["text": .string(text)])
        case .image(let image): return try self.image(image, at: "\(path).image_url.url", unsupported)
        case .other(let kind, let tree):
            if kind == "input_audio", let part = audio(tree["input_audio"]) { return part }
            if kind == "file", let part = file(tree["file"]) { return part }
            try unsupported.field("\(path).\(kind)")
            return nil
        }
    }

    /// Gemini fetches public and signed https addresses, its own files' among them, and registered objects of
    /// Google's storage.
    private static func image(
        _ image: Conversation.Image, at path: String, _ unsupported: Unsupported
    ) throws(UpstreamFailure) -> JSONTree? {
        switch image.source {
        case .inline(let type, let base64): return inline(type.isEmpty ? "image/png" : type, base64)
        case .url(let url):
            let lower = url.prefix(8).lowercased()
            if lower.hasPrefix("https://") || lower.hasPrefix("gs://") {
                return .object([
                    "fileData": .object([
                        "mimeType": imageType(of: url).map(JSONTree.string), "fileUri": .string(url),
                    ])
                ])
            }
            try unsupported.field(path, because: "it fetches images from https and gs addresses only")
            return nil
        }
    }

    private static func inline(_ type: String, _ base64: String) -> JSONTree {
        .object(["inlineData": .object(["mimeType": .string(type), "data": .string(base64)])])
    }

    /// By the name's ending; nil where it says nothing: Google's own files know their types.
    private static func imageType(of url: String) -> String? {
        let path = url.prefix { $0 != "?" && $0 != "#" }
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let types = [
            "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp",
            "heic": "image/heic", "heif": "image/heif", "gif": "image/gif", "pdf": "application/pdf",
        ]
        return types[name[dot...].dropFirst().lowercased()]
    }

    private static func audio(_ audio: JSONTree?) -> JSONTree? {
        guard let data = audio?["data"]?.string, let format = audio?["format"]?.string else { return nil }
        return inline("audio/\(format)", data)
    }

    /// A file that comes with the request, or one of Google's, named by its address.
    private static func file(_ file: JSONTree?) -> JSONTree? {
        if let id = file?["file_id"]?.string, id.hasPrefix("https://") {
            return .object(["fileData": .object(["fileUri": .string(id)])])
        }
        guard let data = file?["file_data"]?.string, data.hasPrefix("data:"),
            let mark = data.range(ofBase64Mark: ";base64,")
        else { return nil }
        let type = data[..<mark.lowerBound].dropFirst(5).prefix { $0 != ";" }
        return inline(type.isEmpty ? "application/pdf" : String(type), String(data[mark.upperBound...]))
    }
}

extension String {
    /// Where the mark stands that ends the head of a data: URL.
    fileprivate func range(ofBase64Mark mark: String) -> Range<Index>? {
        guard let comma = utf8.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        let end = index(after: comma)
        guard self[..<end].hasSuffix(mark) else { return nil }
        return index(end, offsetBy: -mark.count)..<end
    }
}
