# SPDX-License-Identifier: Apache-2.0
"""MP4 files that browsers play."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from frs_ros.errors import DataError, DependencyError
from frs_ros.files import replacing


def check_writer() -> None:
    """DependencyError if no video can be written here."""
    try:
        import imageio_ffmpeg

        imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise DependencyError('no ffmpeg to write video; pip install imageio-ffmpeg') from error


def write_mp4(path: Path, frames: Iterable[np.ndarray], fps: float) -> int:
    """Writes frames [h, w, 3] uint8 RGB of equal, even size as H.264 in yuv420p.

    Args:
        path: Where to.
        frames: Consumed one by one.
        fps: Images per second.

    Returns:
        Number of frames written.

    Raises:
        DataError: Without any frame, or if the file cannot be written; there is no file then.
    """
    try:
        with replacing(path) as part:  # an unfinished file must not pass for the video
            count = _encode(part, frames, fps)
            if not count or not part.is_file():
                raise DataError(f'no video at {path}: {count} frames')
    except OSError as error:
        raise DataError(f'cannot write {path}: {error}') from error
    return count


def _encode(path: Path, frames: Iterable[np.ndarray], fps: float) -> int:
    """Pipes the frames to ffmpeg; returns their number, OSError if it gives up."""
    import imageio_ffmpeg

    writer, count = None, 0
    try:
        for frame in frames:
            if writer is None:
                size = (frame.shape[1], frame.shape[0])
                writer = imageio_ffmpeg.write_frames(
                    str(path), size, fps=fps, codec='libx264', pix_fmt_out='yuv420p',
                    macro_block_size=2, quality=None, ffmpeg_log_level='error',
                    output_params=['-crf', '20', '-preset', 'veryfast', '-movflags', '+faststart'],
                )  # fmt: skip
                writer.send(None)
            writer.send(np.ascontiguousarray(frame))
            count += 1
    finally:
        if writer is not None:
            writer.close()
    return count
