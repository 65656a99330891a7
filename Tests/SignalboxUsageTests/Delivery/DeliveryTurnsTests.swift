import Testing

@testable import SignalboxUsage

@Suite struct DeliveryTurnsTests {
    private typealias Turns = DeliveryTurns<Int>

    @Test func `places are handed out in turn, and no more than there are`() {
        var turns = Turns(placesMax: 2)
        for endpoint in [1, 1, 2, 3] { turns.ask(endpoint, isFailing: false) }
        let first = turns.next()
        #expect(first?.job == 1)
        #expect(turns.next()?.job == 1)
        #expect(turns.next()?.job == nil)
        first.map { turns.leave($0) }
        #expect(turns.next()?.job == 2)
    }

    @Test func `those that fail have half of the places at most, however many they are`() {
        var turns = Turns(placesMax: 8)
        for endpoint in 0..<100 { turns.ask(endpoint, isFailing: true) }
        var held: [Turns.Place] = []
        while let place = turns.next() { held.append(place) }
        #expect(held.count == 4)
        for endpoint in 100..<1_000 {
            turns.ask(endpoint, isFailing: false)
            let place = turns.next()
            #expect(place?.job == endpoint)
            place.map { turns.leave($0) }
        }
        held.forEach { turns.leave($0) }
        #expect(turns.taken == 0)
        #expect(turns.next()?.job == 4)
    }

    @Test func `where both wait they take turns`() {
        var turns = Turns(placesMax: 100)
        for number in 0..<3 {
            turns.ask(number, isFailing: false)
            turns.ask(10 + number, isFailing: true)
        }
        var order: [Int] = []
        while let place = turns.next() { order.append(place.job) }
        #expect(order == [0, 10, 1, 11, 2, 12])
    }

    @Test func `one place serves both lines`() {
        var turns = Turns(placesMax: 1)
        turns.ask(1, isFailing: true)
        turns.ask(2, isFailing: false)
        var order: [Int] = []
        while let place = turns.next() {
            order.append(place.job)
            turns.leave(place)
        }
        #expect(order.sorted() == [1, 2])
    }
}
