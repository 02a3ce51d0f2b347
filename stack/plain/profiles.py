"""The optional parts of the stack as plain processes: what each profile starts, and what that needs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from stack.paths import Paths
from stack.plain.jobs import is_of_jobs, is_worker, jobs
from stack.plain.packages import OF_THE_JOBS
from stack.plain.program import Program
from stack.plain.training import is_of_training, training
from stack.published import JOBS, TRAINING
from stack.settings import StackSettings


@dataclass(frozen=True)
class Profile:
    """What a profile brings; `programs` gives none where it is off, `owns` knows them by their names."""

    programs: Callable[[StackSettings, Paths], list[Program]]
    owns: Callable[[str], bool]
    environments: tuple[str, ...]
    packages: Mapping[str, str] = field(default_factory=dict)


PROFILES: Mapping[str, Profile] = {
    JOBS: Profile(jobs, is_of_jobs, ("job_server",), OF_THE_JOBS),
    TRAINING: Profile(training, is_of_training, ("tansu", "stream", "retraining", "dvc")),
}


def optional_programs(settings: StackSettings, paths: Paths) -> list[Program]:
    """Return the programs of the profiles that are on, in the order in which they start."""
    return [program for profile in PROFILES.values() for program in profile.programs(settings, paths)]


def of_profiles(programs: Iterable[str]) -> set[str]:
    """Return those of some programs' names that are of a profile."""
    return {one for one in programs if any(profile.owns(one) for profile in PROFILES.values())}


def profiles_of(programs: Iterable[str]) -> frozenset[str]:
    """Return the profiles that some programs' names are of."""
    names = list(programs)
    return frozenset(name for name, profile in PROFILES.items() if any(map(profile.owns, names)))


def environments_of(profiles: Iterable[str]) -> list[str]:
    """Return the virtual environments that profiles need."""
    return [name for profile in sorted(profiles) for name in PROFILES[profile].environments]


def packages_of(profiles: Iterable[str]) -> dict[str, str]:
    """Return the system's packages that profiles need, by their programs."""
    return {
        program: package
        for profile in sorted(profiles)
        for program, package in PROFILES[profile].packages.items()
    }


def with_profiles_that_run(settings: StackSettings, running: Iterable[str]) -> StackSettings:
    """Return the settings with the profiles and workers that run, of which a later command is not told."""
    names = list(running)
    found = profiles_of(names)
    workers = sum(map(is_worker, names)) if JOBS in found else settings.workers
    return replace(settings, profiles=settings.profiles | found, workers=workers)
