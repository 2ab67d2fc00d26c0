// A thread that spins on a plain load would hang: the process ends instead, and says where.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "common/checks.h"
#include "run.h"

namespace {

using namespace paroattn::cuda;
using namespace paroattn::test;

__global__ void spin(volatile const int* flag) {
  while (*flag != 1) {
  }
}

[[noreturn]] void child(int messages) {
  dup2(messages, 2);
  set("PAROATTN_EMULATOR_TIMEOUT", "1");
  DeviceVector<int> flag(1);
  run(spin, LaunchShape{1, 1}, static_cast<volatile const int*>(flag.data()));
  _exit(0);
}

}  // namespace

int main() {
  Checks checks;
  int ends[2];
  if (pipe(ends) != 0) return 1;
  const pid_t process = fork();
  if (process == 0) child(ends[1]);
  close(ends[1]);
  std::string message;
  char buffer[256];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;) message.append(buffer, static_cast<size_t>(count));
  int status = 0;
  waitpid(process, &status, 0);
  checks.expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "the process is aborted");
  checks.contains(message, "spin, block (0, 0, 0): a thread has run for", "the message");
  return checks.finish();
}
