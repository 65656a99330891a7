import SignalboxCore

extension ReplyScript {
    /// A whole reply, which breaks where the model says so.
    func whole(as model: FakeModel) -> ReplyScript {
        switch model {
        case .streamCut: ReplyScript(steps: [steps[0], .cut])
        case .streamStall: ReplyScript(steps: [steps[0], .stall])
        case .slow: ReplyScript(steps: [.wait(FakeStream.slowPause)] + steps)
        case .ok, .tools, .reasoning, .cached, .length, .filtered, .fail429, .fail500, .failOverloaded,
            .failContext, .failFilter, .failModel, .failInvalid, .htmlError, .streamError,
            .streamNoTerminator, .streamShort:
            self
        }
    }
}
