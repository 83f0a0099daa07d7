// State: one LuaJIT state with its bounds: what runs in it may neither run for ever nor take all
// memory. Event loop only, but for Forget.
#pragma once

#include <lua.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "util/result.h"

namespace silverback::lua {

class State : public std::enable_shared_from_this<State> {
 public:
  State();
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // The state that a Lua function runs in.
  static State& Of(lua_State* lua);
  lua_State* get() const { return lua_; }  // null when memory was too short for one

  // Runs `body` with `argument` as its light userdata within the bounds. The error has Lua's
  // message. Nothing is left on the stack.
  Status Run(lua_CFunction body, void* argument);
  // From within Run: it ends here and with success, whatever the text tries to catch.
  [[noreturn]] void Leave();

  // Any thread: the reference into the registry will not be used any more.
  void Forget(int reference);

 private:
  struct Memory;
  static void Check(lua_State* lua, lua_Debug*);
  [[noreturn]] static void Stop(lua_State* lua);
  void Collect();

  std::unique_ptr<Memory> memory_;
  lua_State* lua_ = nullptr;
  bool left_ = false;
  int64_t instructions_ = 0;  // of the text that runs, in steps
  int64_t until_ = 0;         // of the thread's own clock, in nanoseconds
  std::mutex mutex_;
  std::vector<int> forgotten_;
};

// A reference into a state's registry that ends with its owner, on whatever thread.
class Reference {
 public:
  Reference() = default;
  // Takes the value off the top of the stack. Raises Lua's error when memory is short.
  void Take(const std::shared_ptr<State>& state);
  ~Reference();
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  explicit operator bool() const { return state_ != nullptr; }
  void Push(lua_State* lua) const;

 private:
  std::shared_ptr<State> state_;
  int reference_ = LUA_NOREF;
};

}  // namespace silverback::lua
