"""The database as the peers want to be told of it."""

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL


def as_url(text: str) -> str:
    """SQLAlchemy's form of a PostgreSQL URL, for psycopg."""
    parts = conninfo_to_dict(text)
    query = {"host": str(parts["host"])} if str(parts.get("host", "")).startswith("/") else {}
    address = URL.create(
        "postgresql+psycopg",
        username=str(parts["user"]) if parts.get("user") else None,
        password=str(parts["password"]) if parts.get("password") else None,
        host=None if query else str(parts.get("host", "127.0.0.1")),
        port=int(parts["port"]) if parts.get("port") and not query else None,
        database=str(parts["dbname"]),
        query=query,
    )
    return address.render_as_string(hide_password=False)
