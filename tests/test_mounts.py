from __future__ import annotations

from pathlib import Path

from kerastune_ft.mounts import file_system, network_notes


def test_a_network_mount_is_warned_about(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\ntmpfs /home/me/my\\040disk tmpfs rw 0 0\n"
        "host /mnt/remote fuse.sshfs rw 0 0\n"
    )
    assert file_system(Path("/home/you/cache"), mounts) == "nfs4"
    assert file_system(Path("/home/me/my disk/cache"), mounts) == "tmpfs"
    assert file_system(Path("/homeless"), mounts) == "ext4"
    assert file_system(Path("/"), tmp_path / "absent") is None
    assert "network file system (fuse.sshfs)" in network_notes(Path("/mnt/remote/x"), mounts)[0]
    assert network_notes(Path("/var/cache"), mounts) == []
