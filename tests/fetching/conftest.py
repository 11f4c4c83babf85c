from tests.support.file_server import file_server

__all__ = ["file_server"]
