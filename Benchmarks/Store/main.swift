import SignalboxCore
import SignalboxStore

print("the store's benchmark")
