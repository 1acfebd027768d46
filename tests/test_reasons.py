"""What the operating system says, in the reader's language."""

import errno
import os
import pickle
import socket
import ssl
from pathlib import Path

import pytest

from edge.errors import EdgeError, Reason
from edge.link.credentials import BadCredentials, read_credentials
from edge.reasons import reason_of
from edge.words import N_, translator
from tests.broker import free_port
from tests.command import xiaoan

CHINESE = translator("zh_CN")


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.ENOSPC, errno.EROFS, errno.ECONNREFUSED, errno.EHOSTUNREACH])
def test_the_english_is_the_systems_own(number: int) -> None:
    """Whoever looks a sentence up finds it; nothing is said twice in two ways."""
    assert reason_of(OSError(number, os.strerror(number))) == os.strerror(number)


def test_a_real_refusal_is_told_in_chinese(tmp_path: Path) -> None:
    """A missing file, a closed port, an unknown name: the fact is translated with its sentence."""
    with pytest.raises(BadCredentials) as missing:
        read_credentials(tmp_path / "none", {})
    assert missing.value.told(CHINESE).endswith("没有这个文件或文件夹")
    assert "No such file or directory" in str(missing.value)
    with pytest.raises(OSError, match="refused") as refused:
        socket.create_connection(("127.0.0.1", free_port()), 5.0)
    assert CHINESE(reason_of(refused.value)) == "连接被拒绝"
    with pytest.raises(socket.gaierror) as unknown:
        socket.getaddrinfo("nowhere.invalid", 1)
    assert CHINESE(reason_of(unknown.value)) != reason_of(unknown.value)


def test_what_is_not_in_the_catalogue_stays_as_the_system_says_it() -> None:
    """A rare number, an error of a library: English is better than nothing."""
    rare = reason_of(OSError(errno.EXDEV, os.strerror(errno.EXDEV)))
    assert (rare, isinstance(rare, Reason)) == (os.strerror(errno.EXDEV), False)
    assert reason_of(ValueError("no such suffix\nsecond line")) == "no such suffix"
    assert reason_of(ValueError()) == "ValueError"
    assert reason_of(ssl.SSLError(1, "[SSL] rare")) == "[SSL] rare"


def test_a_fact_is_translated_only_where_it_is_a_reason() -> None:
    """A folder may be called like a sentence of the catalogue."""
    assert EdgeError(N_("{file}: cannot be read: {told}"), file="good", told="good").told(CHINESE).endswith("good")
    assert EdgeError(N_("{file}: cannot be read: {told}"), file="good", told=Reason("good")).told(CHINESE).endswith("正常")


def test_a_command_says_it_in_chinese(tmp_path: Path) -> None:
    """To the technician's eyes."""
    done = xiaoan("config", "check", "--lang", "zh", "--config", tmp_path)
    assert (done.returncode, done.stderr.endswith("这是文件夹\n")) == (2, True)


def test_a_reason_with_facts_of_its_own_and_several_of_them() -> None:
    """In English it is the text; in Chinese both the sentence around it and itself are."""
    error = EdgeError(N_("{file}: cannot be read: {told}"), file="a", told=Reason(N_("nothing heard for {seconds:.0f} s"), seconds=10.2))
    assert str(error) == "a: cannot be read: nothing heard for 10 s"
    assert error.told(CHINESE).endswith("10 秒内没有听到声音")
    assert pickle.loads(pickle.dumps(error.facts))["told"].told(CHINESE) == "10 秒内没有听到声音"  # noqa: S301 - our own, as it goes between processes
    assert EdgeError(N_("{file}: cannot be read: {told}"), file="a", told=(Reason("shouting"), Reason("crying"))).told(CHINESE).endswith("喊叫, 哭声")
