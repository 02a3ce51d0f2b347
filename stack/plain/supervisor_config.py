"""Supervisor's configuration: restarts, one rotated log per program, a whole group killed together."""

from collections.abc import Mapping, Sequence

from stack.paths import Paths
from stack.plain.program import Program

# In the environment of all that we start, so that `down` finds what a kill left behind.
MARK = "SERVING_STACK"


def render(programs: Sequence[Program], paths: Paths) -> str:
    """Return supervisord's configuration file."""
    sections = [_program(program, order, paths) for order, program in enumerate(programs)]
    return "\n".join([_supervisord(paths), *sections])


def _supervisord(paths: Paths) -> str:
    socket = paths.temporary / "supervisor.sock"
    return f"""[supervisord]
logfile={_escape(str(paths.logs / "supervisord.log"))}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={_escape(str(paths.run / "supervisord.pid"))}
childlogdir={_escape(str(paths.logs))}

[unix_http_server]
file={_escape(str(socket))}
chmod=0700

[supervisorctl]
serverurl=unix://{_escape(str(socket))}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


def _program(program: Program, order: int, paths: Paths) -> str:
    return f"""[program:{program.name}]
command={_escape(" ".join(map(_quote, program.command)))}
directory={_escape(str(program.folder or paths.project))}
environment={_environment(program.environment)}
priority={order + 1}
autorestart=true
startsecs=2
startretries=8
stopsignal={program.stop_signal}
stopwaitsecs={program.stop_seconds}
stopasgroup={str(program.stop_children).lower()}
killasgroup=true
redirect_stderr=true
stdout_logfile={_escape(str(paths.logs / program.name))}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
"""


def _environment(variables: Mapping[str, str]) -> str:
    return ",".join(f"{name}={_quote(_escape(value))}" for name, value in variables.items())


def _quote(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _escape(text: str) -> str:
    return text.replace("%", "%%")
