"""The overlay's launch: substitutions, conditions, scopes, processes, events, signals. Nothing here needs ROS."""

import importlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import launch.logging
import pytest
from launch.actions import (
    AppendEnvironmentVariable,
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    GroupAction,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueCoroutine,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    Shutdown,
    TimerAction,
    UnsetEnvironmentVariable,
)
from launch.conditions import IfCondition, InvalidConditionExpressionError, LaunchConfigurationEquals, UnlessCondition
from launch.event_handlers import (
    OnExecutionComplete,
    OnProcessExit,
    OnProcessIO,
    OnProcessStart,
    OnShutdown,
)
from launch.events import Shutdown as ShutdownEvent
from launch.events import matches_action
from launch.events.process import ShutdownProcess, SignalProcess
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import (
    AndSubstitution,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    IfElseSubstitution,
    LaunchConfiguration,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PathJoinSubstitution,
    PythonExpression,
    SubstitutionFailure,
    TextSubstitution,
    ThisLaunchFileDir,
)
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

import launch
from launch import LaunchContext, LaunchDescription, LaunchService

IS_OVERLAY = "overlay" in Path(launch.__file__).resolve().parts
OVERLAY_ONLY = pytest.mark.skipif(not IS_OVERLAY, reason="the overlay's own behaviour; this is the real package")


@pytest.fixture(autouse=True)
def log_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    launch.logging.reset()
    yield tmp_path / "log"
    launch.logging.reset()


@pytest.fixture
def run(capfd):
    """Launches entities and returns the exit status, the screen's text and the seconds it took."""

    def run_entities(*entities, **kwargs):
        service = LaunchService(**kwargs)
        service.include_launch_description(LaunchDescription(entities))
        began = time.monotonic()
        status = service.run()
        return status, capfd.readouterr().out, time.monotonic() - began

    return run_entities


def perform(substitution, **configurations):
    context = LaunchContext()
    context.launch_configurations.update(configurations)
    return perform_substitutions(context, normalize_to_list_of_substitutions(substitution))


@pytest.mark.parametrize(
    ("substitution", "expected"),
    [
        (TextSubstitution(text="a"), "a"),
        (["a", LaunchConfiguration("x"), "b"], "a1b"),
        (LaunchConfiguration("missing", default=["d", LaunchConfiguration("x")]), "d1"),
        (LaunchConfiguration("missing", default=2.5), "2.5"),
        (PathJoinSubstitution(["/a", LaunchConfiguration("x"), "b.yaml"]), "/a/1/b.yaml"),
        (PythonExpression(["1 + ", LaunchConfiguration("x")]), "2"),
        (PythonExpression("sqrt(4) + math.pi * 0"), "2.0"),
        (PythonExpression(["'", LaunchConfiguration("x"), "' == '1'"]), "True"),
        (Command("echo hello"), "hello\n"),
        (EnvironmentVariable("NO_SUCH_VARIABLE", default_value="d"), "d"),
        (NotSubstitution("false"), "true"),
        (AndSubstitution(LaunchConfiguration("x"), "true"), "true"),
        (AndSubstitution("true", "0"), "false"),
        (OrSubstitution("false", "1"), "true"),
        (EqualsSubstitution(LaunchConfiguration("x"), "true"), "true"),
        (EqualsSubstitution(LaunchConfiguration("x"), 1.0), "true"),
        (EqualsSubstitution("a", "b"), "false"),
        (EqualsSubstitution(None, ""), "true"),
        (NotEqualsSubstitution("a", "b"), "true"),
        (IfElseSubstitution(LaunchConfiguration("x"), "yes", "no"), "yes"),
        (IfElseSubstitution("false", if_value="yes"), ""),
    ],
)
def test_substitution_returns_text(substitution, expected):
    assert perform(substitution, x="1") == expected


@pytest.mark.parametrize(
    "substitution",
    [
        LaunchConfiguration("missing"),
        EnvironmentVariable("NO_SUCH_VARIABLE"),
        ThisLaunchFileDir(),
        Command("no_such_command"),
        Command("false"),
        Command("sh -c 'echo oops >&2'"),
        NotSubstitution("maybe"),
    ],
)
def test_substitution_that_cannot_be_performed(substitution):
    with pytest.raises(SubstitutionFailure):
        perform(substitution)


def test_normalization_refuses_what_is_not_text():
    with pytest.raises(TypeError, match=r"launch\.Substitution"):
        normalize_to_list_of_substitutions(["a", 1])


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), (" True ", True), ("1", True), ("FALSE", False), ("0", False)]
)
def test_conditions(text, expected):
    context = LaunchContext()
    assert IfCondition(text).evaluate(context) is expected
    assert UnlessCondition(text).evaluate(context) is not expected


def test_condition_that_is_neither_true_nor_false():
    with pytest.raises(InvalidConditionExpressionError):
        IfCondition("yes").evaluate(LaunchContext())


def test_launch_configuration_equals():
    context = LaunchContext()
    context.launch_configurations["mode"] = "fast"
    with pytest.warns(UserWarning, match="deprecated"):
        assert LaunchConfigurationEquals("mode", "fast").evaluate(context)
        assert not LaunchConfigurationEquals("mode", "slow").evaluate(context)
        assert LaunchConfigurationEquals("missing", None).evaluate(context)


def test_arguments_defaults_choices_and_scopes(run):
    status, out, _ = run(
        DeclareLaunchArgument("who", default_value=["w", TextSubstitution(text="orld")]),
        GroupAction(
            [SetLaunchConfiguration("who", "inner"), LogInfo(msg=["in ", LaunchConfiguration("who")])],
            launch_configurations={"extra": "e"},
        ),
        LogInfo(msg=["out ", LaunchConfiguration("who"), LaunchConfiguration("extra", default="-")]),
        GroupAction([SetLaunchConfiguration("who", "leaked")], scoped=False),
        LogInfo(msg=["then ", LaunchConfiguration("who")]),
        GroupAction(
            [LogInfo(msg=["reset ", LaunchConfiguration("who", default="gone"), LaunchConfiguration("kept")])],
            forwarding=False,
            launch_configurations={"kept": LaunchConfiguration("who")},
        ),
        LogInfo(msg="never", condition=IfCondition("false")),
    )
    assert status == 0
    messages = [line.partition("[launch.user]: ")[2] for line in out.splitlines() if "launch.user" in line]
    assert messages == ["in inner", "out world-", "then leaked", "reset goneleaked"]


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([DeclareLaunchArgument("needed")], 'Required launch argument "needed" was not provided.'),
        (
            [SetLaunchConfiguration("mode", "c"), DeclareLaunchArgument("mode", choices=["a", "b"])],
            'Argument "mode" provided value "c" is not valid',
        ),
        ([LogInfo(msg=LaunchConfiguration("missing"))], "launch configuration 'missing' does not exist"),
    ],
)
def test_an_error_shuts_down_and_returns_1(run, entities, message):
    status, out, seconds = run(ExecuteProcess(cmd=["sleep", "20"]), *entities)
    assert status == 1
    assert message in out
    assert seconds < 10


def test_default_value_must_be_among_the_choices():
    with pytest.raises(RuntimeError, match="not in provided choices"):
        DeclareLaunchArgument("mode", default_value="c", choices=["a", "b"])


def test_environment_actions_reach_processes_and_end_with_their_scope(run, monkeypatch):
    monkeypatch.setenv("AGO_A", "a")
    monkeypatch.setenv("AGO_B", "b")
    show = {"cmd": ["sh", "-c", "echo $AGO_A,$AGO_B,$AGO_C"], "output": "screen"}
    status, out, _ = run(
        GroupAction(
            [
                AppendEnvironmentVariable("AGO_A", "1"),
                AppendEnvironmentVariable("AGO_A", "0", prepend=True, separator="/"),
                UnsetEnvironmentVariable("AGO_B"),
                SetEnvironmentVariable("AGO_C", ["c", "c"]),
                ExecuteProcess(name="in", **show),
                ExecuteProcess(name="more", additional_env={"AGO_C": "d"}, **show),
                ExecuteProcess(name="alone", env={"AGO_A": "only"}, **show),
            ]
        ),
        ExecuteProcess(name="out", **show),
    )
    assert status == 0
    lines = dict(line[1:].split("] ", 1) for line in out.splitlines() if "," in line and line.count("[") == 1)
    values = {name.split("-")[0]: value for name, value in lines.items()}
    assert values == {"in": "0/a:1,,cc", "more": "0/a:1,,d", "alone": "only,,", "out": "a,b,"}
    assert os.environ["AGO_A"] == "a"


def test_include_sets_arguments_and_the_folder(run, tmp_path):
    inner = tmp_path / "inner.launch.py"
    inner.write_text(
        textwrap.dedent("""
        from launch import LaunchDescription
        from launch.actions import DeclareLaunchArgument, LogInfo
        from launch.substitutions import LaunchConfiguration, ThisLaunchFileDir
        def generate_launch_description():
            return LaunchDescription([
                DeclareLaunchArgument("x"),
                LogInfo(msg=["x=", LaunchConfiguration("x"), " dir=", ThisLaunchFileDir()]),
            ])
        """)
    )
    source = PythonLaunchDescriptionSource([str(tmp_path), "/inner.launch.py"])
    status, out, _ = run(IncludeLaunchDescription(source, launch_arguments={"x": "5"}.items()))
    assert status == 0
    assert f"x=5 dir={tmp_path}" in out
    status, out, _ = run(IncludeLaunchDescription(str(inner)))
    assert status == 1
    assert "missing required argument 'x'" in out
    arguments = LaunchDescription([IncludeLaunchDescription(str(inner))]).get_launch_arguments()
    assert [argument.name for argument in arguments] == ["x"]


def test_output_goes_where_it_is_sent(run, log_folder):
    code = "import sys; print('to stdout'); print('to stderr', file=sys.stderr); sys.stdout.write('no newline')"
    cmd = [sys.executable, "-S", "-c", code]
    status, out, _ = run(
        ExecuteProcess(cmd=cmd, name="screen", output="screen"),
        ExecuteProcess(cmd=cmd, name="log"),
        ExecuteProcess(cmd=cmd, name="own", output={"stdout": "own_log", "stderr": ["screen"]}),
    )
    assert status == 0
    names = [line.split("-")[0][1:] for line in out.splitlines() if line.endswith("to stderr")]
    assert sorted(names) == ["log", "own", "screen"]
    assert [line.split("-")[0][1:] for line in out.splitlines() if line.endswith("to stdout")] == ["screen"]
    assert "no newline" in out
    log = (log_folder / "latest" / "launch.log").read_text()
    assert any("[log-" in line and line.endswith("to stdout") for line in log.splitlines())
    assert not any("[own-" in line and line.endswith("to stdout") for line in log.splitlines())
    assert "to stdout" in next((log_folder / "latest").glob("own-*-stdout.log")).read_text()
    with pytest.raises(ValueError, match="not a valid standard output config"):
        launch.logging.get_output_loggers("p", "nowhere")


@OVERLAY_ONLY
def test_output_of_a_pseudo_terminal(run):
    code = "import sys; print(sys.stdout.isatty(), sys.stderr.isatty())"
    cmd = [sys.executable, "-S", "-c", code]
    _, out, _ = run(
        ExecuteProcess(cmd=cmd, output="screen", emulate_tty=True), ExecuteProcess(cmd=cmd, output="screen")
    )
    assert "True True" in out
    assert "False False" in out
    assert "\r" not in out


@OVERLAY_ONLY
def test_process_events_and_their_order(run):
    seen = []
    process = ExecuteProcess(cmd=["sh", "-c", "echo one; echo two >&2; exit 3"], cached_output=True)

    def note(name):
        return lambda event, context: seen.append((name, getattr(event, "returncode", None)))

    run(
        RegisterEventHandler(OnProcessStart(target_action=process, on_start=note("start"))),
        RegisterEventHandler(OnProcessIO(target_action=process, on_stdout=lambda event: seen.append(event.text))),
        RegisterEventHandler(OnProcessExit(target_action=process, on_exit=note("exit"))),
        RegisterEventHandler(OnExecutionComplete(target_action=process, on_completion=note("complete"))),
        RegisterEventHandler(OnShutdown(on_shutdown=note("shutdown"))),
        process,
    )
    assert seen == [("start", None), b"one\n", ("exit", 3), ("complete", None), ("shutdown", None)]
    assert process.get_stdout() == "one\n"
    assert process.get_stderr() == "two\n"
    assert process.return_code == 3


def test_on_exit_may_shut_the_launch_down(run):
    status, out, seconds = run(
        ExecuteProcess(cmd=["sleep", "20"]),
        ExecuteProcess(cmd=["true"], on_exit=Shutdown(reason="done")),
        RegisterEventHandler(OnShutdown(on_shutdown=lambda event, context: [LogInfo(msg=["reason ", event.reason])])),
    )
    assert status == 0
    assert seconds < 5
    assert "was required: shutting down launched system" in out
    assert "reason done" in out


def test_respawn_counts_and_waits(run, tmp_path):
    marks = tmp_path / "marks"
    status, _, seconds = run(
        ExecuteProcess(cmd=[f"echo x >> {marks}"], shell=True, respawn=True, respawn_delay=0.2, respawn_max_retries=2)
    )
    assert status == 0
    assert marks.read_text().split() == ["x"] * 3
    assert seconds >= 0.4


def test_shutdown_ends_a_respawn_delay(run):
    status, _, seconds = run(
        ExecuteProcess(cmd=["true"], respawn=True, respawn_delay=30.0), TimerAction(period=0.3, actions=[Shutdown()])
    )
    assert status == 0
    assert seconds < 5


def test_a_stubborn_process_is_interrupted_then_terminated_then_killed(run):
    stubborn = ExecuteProcess(
        cmd=["sh", "-c", "trap '' INT TERM; while true; do sleep 0.05; done"],
        sigterm_timeout="0.4",
        sigkill_timeout="0.3",
    )
    status, out, seconds = run(stubborn, TimerAction(period=0.3, actions=[Shutdown()]))
    assert status == 0
    sent = [line.split("'")[1] for line in out.splitlines() if "sending signal" in line]
    assert sent == ["SIGINT", "SIGTERM", "SIGKILL"]
    assert stubborn.return_code == -signal.SIGKILL
    assert 1.0 <= seconds < 4


def test_signal_and_shutdown_events_reach_their_process_only(run):
    one, two = (ExecuteProcess(cmd=["sleep", "20"], name=name) for name in ("one", "two"))
    run(
        one,
        two,
        TimerAction(
            period=0.3,
            actions=[
                EmitEvent(event=SignalProcess(signal_number=signal.SIGUSR1, process_matcher=matches_action(one))),
                EmitEvent(event=ShutdownProcess(process_matcher=matches_action(two))),
            ],
        ),
    )
    assert (one.return_code, two.return_code) == (-signal.SIGUSR1, -signal.SIGINT)


@OVERLAY_ONLY
def test_a_process_that_cannot_start_is_told_of_in_one_line(run):
    status, out, _ = run(ExecuteProcess(cmd=["no_such_executable"]))
    assert status == 0
    assert "process cannot be started" in out
    assert "Traceback" not in out


def test_an_action_may_be_executed_once(run):
    process = ExecuteProcess(cmd=["true"])
    status, out, _ = run(process, process)
    assert status == 1
    assert "executed more than once" in out


def test_timers_fire_are_cancelled_and_do_not_hold_up_the_end(run):
    cancelled = TimerAction(period=0.2, actions=[LogInfo(msg="cancelled fired")])
    status, out, seconds = run(
        cancelled,
        OpaqueFunction(function=lambda context: cancelled.cancel()),
        TimerAction(period=0.1, actions=[LogInfo(msg="first"), Shutdown()]),
        TimerAction(period=30.0, actions=[LogInfo(msg="late")]),
    )
    assert status == 0
    assert seconds < 5
    assert "first" in out
    assert "late" not in out
    assert "cancelled fired" not in out
    with pytest.raises(TypeError):
        TimerAction(period=1, actions=[])


def test_python_code_as_actions(run):
    async def coroutine(context, log):
        log.append(context.launch_configurations["x"])

    log = []

    def function(context, suffix):
        return [LogInfo(msg=context.launch_configurations["x"] + suffix)]

    status, out, _ = run(
        SetLaunchConfiguration("x", "1"),
        OpaqueFunction(function=function, args=["!"]),
        OpaqueCoroutine(coroutine=coroutine, args=[log]),
    )
    assert status == 0
    assert log == ["1"]
    assert "1!" in out


@pytest.mark.parametrize("broken", ["function", pytest.param("coroutine", marks=OVERLAY_ONLY)])
def test_an_exception_in_python_code_returns_1(run, broken):
    def fail(context):
        raise ValueError("broken on purpose")

    async def fail_later(context):
        raise ValueError("broken on purpose")

    entity = OpaqueFunction(function=fail) if broken == "function" else OpaqueCoroutine(coroutine=fail_later)
    status, out, _ = run(entity, ExecuteProcess(cmd=["sleep", "20"]))
    assert status == 1
    assert "Caught exception in launch (see debug for traceback): broken on purpose" in out


def test_shutdown_from_another_thread(run):
    import threading

    service = LaunchService()
    service.include_launch_description(LaunchDescription([ExecuteProcess(cmd=["sleep", "20"])]))
    threading.Timer(0.3, service.shutdown).start()
    began = time.monotonic()
    assert service.run() == 0
    assert time.monotonic() - began < 5


def test_emit_event_before_running_is_not_lost(run):
    service = LaunchService()
    service.include_launch_description(LaunchDescription([ExecuteProcess(cmd=["sleep", "20"])]))
    service.emit_event(ShutdownEvent(reason="at once"))
    assert service.run() == 0


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 0), pytest.param(signal.SIGTERM, 1, marks=OVERLAY_ONLY)]
)
def test_a_signal_to_launch_ends_its_processes(tmp_path, number, status):
    pid_file = tmp_path / "pid"
    script = tmp_path / "main.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        from launch import LaunchDescription, LaunchService
        from launch.actions import ExecuteProcess
        service = LaunchService(noninteractive=True)
        service.include_launch_description(
            LaunchDescription([ExecuteProcess(cmd=["sh", "-c", "echo $$ > {pid_file}; exec sleep 30"])])
        )
        sys.exit(service.run())
        """)
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    while not (pid_file.exists() and pid_file.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(number)
    process.communicate(timeout=15)
    assert process.returncode == status
    assert not Path(f"/proc/{pid_file.read_text().strip()}").exists()


@OVERLAY_ONLY
def test_what_is_left_out_is_refused_by_name():
    with pytest.raises(ImportError, match="install the ROS 2 package 'launch'"):
        from launch.actions import ExecuteLocal  # noqa: F401
    with pytest.raises(ImportError, match="install the ROS 2 package 'launch'"):
        importlib.import_module("launch.frontend")
    with pytest.raises(AttributeError, match=r"launch\.substitutions\.AnonName is not part of the ago_ros overlay"):
        _ = launch.substitutions.AnonName
