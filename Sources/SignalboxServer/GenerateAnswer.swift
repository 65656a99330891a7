import Signalbox
import SignalboxCore

/// Writes a chat's whole answer as `/generate` answers: its text, who gave it, and how long that took.
struct GenerateAnswer {
    let provider: String
    let model: String
    let latency: Duration
    let priority: RequestPriority?
    let attempts: Int
    let requestID: String

    /// Nil where `chat` is no chat completion.
    func json(of chat: [UInt8]) -> [UInt8]? {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: chat)
        } catch {
            return nil
        }
        guard let choice = tree["choices"]?.elements?.first, let message = choice["message"] else {
            return nil
        }
        let total = tree["usage"]?["total_tokens"]
        return JSONTree.object([
            "content": .string(message["content"]?.string ?? ""), "model_used": .string(model),
            "provider": .string(provider), "success": true,
            "latency_ms": .integer(Int(latency.millisecondsRoundedUp)), "tokens_used": total,
            "cached": false, "priority": .string((priority ?? .normal).rawValue),
            "attempts": .integer(attempts), "request_id": .string(requestID),
            "finish_reason": choice["finish_reason"], "tool_calls": message["tool_calls"],
            "usage": tree["usage"],
        ]).json
    }
}
