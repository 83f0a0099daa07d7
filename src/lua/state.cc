#include "lua/state.h"

#include <cstdlib>
#include <ctime>
#include <utility>

namespace silverback::lua {
namespace {

constexpr size_t kMostMemory = size_t{64} << 20;
constexpr int64_t kMostInstructions = 10'000'000;
constexpr int64_t kMostNanoseconds = 1'000'000'000;
constexpr int kStep = 10'000;  // instructions between two looks at the bounds
const char kOwner = 0;  // its address is the key of the registry under which the State is found

// What this thread has worked so far.
int64_t ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string Message(lua_State* lua) {
  size_t size = 0;
  const char* text = lua_tolstring(lua, -1, &size);
  return text != nullptr ? std::string(text, size)
                         : "(error object is a " + std::string(luaL_typename(lua, -1)) + " value)";
}

}  // namespace

struct State::Memory {
  size_t used = 0;

  static void* Allocate(void* self, void* block, size_t old_size, size_t new_size) {
    auto& memory = *static_cast<Memory*>(self);
    if (new_size == 0) {
      std::free(block);
      memory.used -= old_size;
      return nullptr;
    }
    if (new_size > old_size && memory.used - old_size + new_size > kMostMemory) return nullptr;
    void* moved = std::realloc(block, new_size);
    if (moved != nullptr) memory.used += new_size - old_size;
    return moved;
  }
};

State::State()
    : memory_(std::make_unique<Memory>()), lua_(lua_newstate(&Memory::Allocate, memory_.get())) {
  if (lua_ == nullptr) return;
  luaL_openlibs(lua_);
  // Compiled traces would not count their instructions.
  luaJIT_setmode(lua_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  lua_pushlightuserdata(lua_, const_cast<char*>(&kOwner));
  lua_pushlightuserdata(lua_, this);
  lua_rawset(lua_, LUA_REGISTRYINDEX);
}

State& State::Of(lua_State* lua) {
  lua_pushlightuserdata(lua, const_cast<char*>(&kOwner));
  lua_rawget(lua, LUA_REGISTRYINDEX);
  auto& owner = *static_cast<State*>(lua_touserdata(lua, -1));
  lua_pop(lua, 1);
  return owner;
}

State::~State() {
  if (lua_ != nullptr) lua_close(lua_);
}

// Called every so many instructions. One instruction may be a call that works on megabytes, so the
// time counts as well.
void State::Check(lua_State* lua, lua_Debug*) {
  State& state = Of(lua);
  state.instructions_ += kStep;
  if (state.left_ || state.instructions_ > kMostInstructions || ThreadTime() > state.until_)
    Stop(lua);
}

// From then on every instruction raises it, so that no pcall of the text keeps it going.
void State::Stop(lua_State* lua) {
  lua_sethook(lua, Check, LUA_MASKCOUNT, 1);
  Of(lua).instructions_ = kMostInstructions;
  if (Of(lua).left_) {
    lua_pushnil(lua);
    lua_error(lua);
  }
  luaL_error(lua, "the function runs too long");
  std::abort();  // it does not come back
}

void State::Leave() {
  left_ = true;
  Stop(lua_);
}

Status State::Run(lua_CFunction body, void* argument) {
  if (lua_ == nullptr) return Error(ErrorCode::kOperationUnsupported, "no memory for Lua");
  Collect();
  left_ = false;
  instructions_ = 0;
  until_ = ThreadTime() + kMostNanoseconds;
  lua_sethook(lua_, Check, LUA_MASKCOUNT, kStep);
  // Within a protected call, so that want of memory is an error of the text as any other.
  const int failed = lua_cpcall(lua_, body, argument);
  lua_sethook(lua_, nullptr, 0, 0);
  Status status;
  if (failed != 0 && !left_) status = Error(ErrorCode::kInvalidInput, Message(lua_));
  lua_settop(lua_, 0);
  return status;
}

void State::Forget(int reference) {
  const std::lock_guard lock(mutex_);
  forgotten_.push_back(reference);
}

void State::Collect() {
  const std::lock_guard lock(mutex_);
  for (const int reference : std::exchange(forgotten_, {}))
    luaL_unref(lua_, LUA_REGISTRYINDEX, reference);
}

void Reference::Take(const std::shared_ptr<State>& state) {
  reference_ = luaL_ref(state->get(), LUA_REGISTRYINDEX);
  state_ = state;
}

Reference::~Reference() {
  if (state_) state_->Forget(reference_);
}

void Reference::Push(lua_State* lua) const { lua_rawgeti(lua, LUA_REGISTRYINDEX, reference_); }

}  // namespace silverback::lua
