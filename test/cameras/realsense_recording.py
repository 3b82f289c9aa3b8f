# SPDX-License-Identifier: Apache-2.0
"""Makes a RealSense recording with the library's own software device."""

from __future__ import annotations

from pathlib import Path

import numpy as np

HEIGHT, WIDTH, FPS = 48, 64, 30
START_MS = 1.7e12  # of the recorded stamps
FOCAL, CENTRE, RADIAL = 60.0, (31.5, 23.5), 0.1


def color(number: int) -> np.ndarray:
    """[h, w, 3] uint8 RGB: the number as red (modulo 256), and a blue that differs."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 0] = number % 256
    image[..., 2] = 200
    return image


def depth(number: int) -> np.ndarray:
    """[h, w] uint16 mm."""
    return np.full((HEIGHT, WIDTH), 1000 + number, np.uint16)


def record(path: Path, numbers: list[int], *, with_depth: bool = False) -> Path:
    """Writes a .db3 whose frames carry these numbers."""
    import pyrealsense2 as rs

    device = rs.software_device()
    device.register_info(rs.camera_info.serial_number, '0123456789')
    sensors = {'color': device.add_sensor('RGB Camera')}
    kinds = {'color': (rs.stream.color, rs.format.rgb8, 3)}
    if with_depth:
        sensors['depth'] = device.add_sensor('Stereo Module')
        sensors['depth'].add_read_only_option(rs.option.depth_units, 0.001)
        kinds['depth'] = (rs.stream.depth, rs.format.z16, 2)
    profiles = {name: _profile(rs, sensors[name], *kind) for name, kind in kinds.items()}
    if with_depth:
        same = rs.extrinsics()
        same.rotation, same.translation = [1, 0, 0, 0, 1, 0, 0, 0, 1], [0, 0, 0]
        profiles['depth'].register_extrinsics_to(profiles['color'], same)
    recorder = rs.recorder(str(path), device)
    queue = rs.frame_queue(len(numbers) * 2)
    running = list(zip(recorder.query_sensors(), profiles.values()))
    for sensor, profile in running:
        sensor.open(profile)
        sensor.start(queue)
    for number in numbers:
        for name, pixels in (('color', color(number)), ('depth', depth(number))):
            if name in sensors:
                frame = _frame(rs, pixels, number, profiles[name], kinds[name][2])
                sensors[name].on_video_frame(frame)
    for sensor, _ in running:
        sensor.stop()
        sensor.close()
    del recorder  # writes the end of the file
    return path


def _profile(rs, sensor, stream, pixel_format, bytes_per_pixel):
    lens = rs.intrinsics()
    lens.width, lens.height, lens.fx, lens.fy = WIDTH, HEIGHT, FOCAL, FOCAL
    lens.ppx, lens.ppy = CENTRE
    lens.model, lens.coeffs = rs.distortion.brown_conrady, [RADIAL, 0, 0, 0, 0]
    video = rs.video_stream()
    video.type, video.fmt, video.bpp = stream, pixel_format, bytes_per_pixel
    video.index, video.uid = 0, bytes_per_pixel
    video.width, video.height, video.fps, video.intrinsics = WIDTH, HEIGHT, FPS, lens
    return rs.video_stream_profile(sensor.add_video_stream(video))


def _frame(rs, pixels, number, profile, bytes_per_pixel):
    frame = rs.software_video_frame()
    frame.pixels, frame.stride, frame.bpp = pixels, WIDTH * bytes_per_pixel, bytes_per_pixel
    frame.timestamp, frame.domain = START_MS + 1e3 * number / FPS, rs.timestamp_domain.system_time
    frame.frame_number, frame.profile = number, profile
    return frame
