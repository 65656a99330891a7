/// What the store met when it was opened, and what that cost: for the log.
package struct StoreFinding: Sendable, Equatable {
    package var message: String
}
